package ristretto255

// extended is a point (X:Y:Z:T) of −x² + y² = 1 + d·x²·y² with x = X/Z, y = Y/Z
// and xy = T/Z: Hisil, Wong, Carter and Dawson, "Twisted Edwards Curves
// Revisited" (ASIACRYPT 2008). The formulas are complete on this curve, so no
// case is special.
type extended struct{ x, y, z, t element }

var neutral = extended{y: one, z: one}

// affinePoint is a point prepared for being added often: y − x and y + x, and
// 2d·xy.
type affinePoint struct {
	sides [2]element
	xy2d  element
}

// projectivePoint is the same of a point with a Z, all times Z, and 2·Z.
type projectivePoint struct {
	affinePoint
	z2 element
}

func (q *projectivePoint) set(p *extended) {
	addSubtract(&q.sides[1], &q.sides[0], &p.y, &p.x)
	q.xy2d.multiply(&p.t, &d2)
	q.z2.add(&p.z, &p.z)
}

// set sets q to the point (x, y).
func (q *affinePoint) set(x, y *element) {
	addSubtract(&q.sides[1], &q.sides[0], y, x)
	q.xy2d.multiply(x, y)
	q.xy2d.multiply(&q.xy2d, &d2)
}

// add sets p to p + q.
func (p *extended) add(q *projectivePoint) {
	var d element
	d.multiply(&p.z, &q.z2)
	p.finish(&q.affinePoint, &d, 0)
}

// subtract sets p to p − q.
func (p *extended) subtract(q *projectivePoint) {
	var d element
	d.multiply(&p.z, &q.z2)
	p.finish(&q.affinePoint, &d, 1)
}

// addAffine sets p to p + q, or to p − q if sign is 1. The sign chooses
// addresses, so it must not be a secret; it chooses no branch, because nobody
// could predict it.
func (p *extended) addAffine(q *affinePoint, sign int) {
	var d element
	d.add(&p.z, &p.z)
	p.finish(q, &d, sign)
}

// finish is the addition behind D = 2·Z₁·Z₂.
func (p *extended) finish(q *affinePoint, d *element, sign int) {
	var a, b, c, e, h element
	var fg [2]element
	sign &= 1
	addSubtract(&b, &a, &p.y, &p.x)
	a.multiply(&a, &q.sides[sign])
	b.multiply(&b, &q.sides[sign^1])
	c.multiply(&p.t, &q.xy2d)
	addSubtract(&h, &e, &b, &a)
	addSubtract(&fg[sign^1], &fg[sign], d, &c)
	p.x.multiply(&e, &fg[0])
	p.y.multiply(&fg[1], &h)
	p.z.multiply(&fg[0], &fg[1])
	p.t.multiply(&e, &h)
}

// double sets p to 2·p.
func (p *extended) double() { p.doubleTimes(1) }

// doubleTimes sets p to 2ⁿ·p. Doubling needs no T, so only the last computes it.
func (p *extended) doubleTimes(n int) {
	var a, b, c, e, f, g, h element
	for i := range n {
		a.square(&p.x)
		b.square(&p.y)
		c.square(&p.z)
		c.add(&c, &c)
		e.add(&p.x, &p.y)
		e.square(&e)
		addSubtract(&h, &g, &b, &a)
		e.subtract(&e, &h) // 2·X·Y
		f.subtract(&c, &g) // f and h have the other sign here, and so all four
		p.x.multiply(&e, &f)
		p.y.multiply(&g, &h)
		p.z.multiply(&f, &g)
		if i == n-1 {
			p.t.multiply(&e, &h)
		}
	}
}

// choose sets p to a if mask is all ones, and to b if it is 0.
func (p *extended) choose(a, b *extended, mask uint64) {
	p.x.choose(&a.x, &b.x, mask)
	p.y.choose(&a.y, &b.y, mask)
	p.z.choose(&a.z, &b.z, mask)
	p.t.choose(&a.t, &b.t, mask)
}

// affinePoints returns the points prepared, with one inversion for all whose Z
// is not 1 already, as decoding leaves it.
func affinePoints(points []*extended) []affinePoint {
	list := make([]affinePoint, len(points))
	var where []int
	var zs []element
	for i, p := range points {
		if p.z == one {
			addSubtract(&list[i].sides[1], &list[i].sides[0], &p.y, &p.x)
			list[i].xy2d.multiply(&p.t, &d2)
		} else {
			where = append(where, i)
			zs = append(zs, p.z)
		}
	}
	invertAll(zs)
	for k, i := range where {
		var x, y element
		x.multiply(&points[i].x, &zs[k])
		y.multiply(&points[i].y, &zs[k])
		list[i].set(&x, &y)
	}
	return list
}
