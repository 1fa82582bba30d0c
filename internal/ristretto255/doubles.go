package ristretto255

// Encoding takes the root of u₁·u₂² with u₁ = 1 − y² and u₂ = xy (RFC 9496,
// Section 4.3.2). Of a double 2·(X:Y:Z:T) it is known. With
//
//	e = 2XY    g = Y² − X²    h = Y² + X²    f = 2Z² − g
//
// the double has x = e/g and y = h/f. The equation of the curve gives g = Z² + d·T²
// and f = Z² − d·T², so that
//
//	h² − g² = e²    g² − f² = d·e²    1 − y² = (f² − h²)/f² = −(1+d)·(e/f)²
//
// and with c = 1/√(−1−d), the constant of the RFC, den₁ = g/(c·h) and den₂ = c·f/e,
// up to one sign for both, which does not matter. Then z_inv is 1, and
//
//	s = |c·(f ∓ h)/e|    or, if eh/(gf) is negative,    s = |(g ∓ √−1·e)/h|
//
// with the upper sign unless x, or √−1·y then, is negative. Neither f nor g is
// ever 0, because d and −d are no squares; if e or h is, the double is the
// identity, and s = 0.

// double has what the encoding of 2·p takes.
type double struct {
	e, f, g, h element
	eg, fh     element
}

func (d *double) set(p *extended) {
	var xx, yy, zz element
	xx.square(&p.x)
	yy.square(&p.y)
	zz.square(&p.z)
	addSubtract(&d.h, &d.g, &yy, &xx)
	d.f.add(&zz, &zz)
	d.f.subtract(&d.f, &d.g)
	d.e.multiply(&p.x, &p.y)
	d.e.add(&d.e, &d.e)
	d.eg.multiply(&d.e, &d.g)
	d.fh.multiply(&d.f, &d.h)
}

// compressDoubles writes the canonical encodings of 2·points, with one inversion
// for all.
func compressDoubles(points []*extended, out []*[PointLen]byte) {
	list := make([]double, len(points))
	inverses := make([]element, len(points)) // 1/(efgh)
	zero := make([]uint64, len(points))      // all ones for the identity
	for i, p := range points {
		d, w := &list[i], &inverses[i]
		d.set(p)
		w.multiply(&d.eg, &d.fh)
		zero[i] = w.equalReduced(&element{})
		w.choose(&one, w, zero[i])
	}
	invertAll(inverses)
	for i := range list {
		s := list[i].encode(&inverses[i])
		s.choose(&element{}, &s, zero[i])
		*out[i] = s.bytes()
	}
}

// encode returns s, for inverse = 1/(efgh).
func (d *double) encode(inverse *element) (s element) {
	var egInv, fhInv, t, x, iy, ie, plain, rotated, a, b element
	egInv.multiply(inverse, &d.fh)
	fhInv.multiply(inverse, &d.eg)

	t.multiply(&d.e, &d.h) // eh/(gf) = (eh)²/(efgh)
	t.square(&t)
	t.multiply(&t, inverse)
	x.square(&d.e) // e/g
	x.multiply(&x, &egInv)
	iy.square(&d.h) // √−1·h/f
	iy.multiply(&iy, &fhInv)
	iy.multiply(&iy, &sqrtM1)

	addSubtract(&a, &b, &d.f, &d.h)
	plain.choose(&a, &b, x.isNegative())
	plain.multiply(&plain, &invSqrtAMinD)
	plain.multiply(&plain, &egInv)
	plain.multiply(&plain, &d.g)

	ie.multiply(&d.e, &sqrtM1)
	addSubtract(&a, &b, &d.g, &ie)
	rotated.choose(&a, &b, iy.isNegative())
	rotated.multiply(&rotated, &fhInv)
	rotated.multiply(&rotated, &d.f)

	s.choose(&rotated, &plain, t.isNegative())
	s.absolute(&s)
	return s
}

// rememberDoubles makes halves whole, which keep their encodings then.
func rememberDoubles(list []*Point) {
	if len(list) == 0 {
		return
	}
	points, out := make([]*extended, len(list)), make([]*[PointLen]byte, len(list))
	for i, p := range list {
		points[i], out[i] = &p.p, &p.encoding
	}
	compressDoubles(points, out)
	for _, p := range list {
		if p.halved { // a point may stand in the list twice
			p.p.double()
		}
		p.known, p.halved = true, false
	}
}
