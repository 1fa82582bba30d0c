package ristretto255

// lanes is how many powers are computed side by side. The squarings of one
// power wait for each other; those of several fill the processor.
const lanes = 8

// powers sets every x of the list, at most lanes, to x^(2²⁵⁰ − 1) and returns
// the x¹¹, which are on the way.
func powers(list []element) (eleven [lanes]element) {
	n := len(list)
	var z2, z9, a, b, c [lanes]element
	squared(&z2, list, 1)
	squared(&z9, z2[:n], 2)
	for i := range n {
		z9[i].multiply(&z9[i], &list[i])
		eleven[i].multiply(&z2[i], &z9[i])
	}
	squared(&a, eleven[:n], 1)
	times(&a, &z9, n)      // 2⁵ − 1
	squared(&b, a[:n], 5)  //
	times(&a, &b, n)       // 2¹⁰ − 1
	squared(&b, a[:n], 10) //
	times(&b, &a, n)       // 2²⁰ − 1
	squared(&c, b[:n], 20) //
	times(&b, &c, n)       // 2⁴⁰ − 1
	squared(&b, b[:n], 10) //
	times(&a, &b, n)       // 2⁵⁰ − 1
	squared(&b, a[:n], 50) //
	times(&b, &a, n)       // 2¹⁰⁰ − 1
	squared(&c, b[:n], 100)
	times(&b, &c, n)       // 2²⁰⁰ − 1
	squared(&b, b[:n], 50) //
	times(&a, &b, n)       // 2²⁵⁰ − 1
	copy(list, a[:n])
	return eleven
}

// squared sets out[i] to list[i]^(2^k), k ≥ 1.
func squared(out *[lanes]element, list []element, k int) {
	for i := range list {
		out[i].square(&list[i])
	}
	for range k - 1 {
		for i := range list {
			out[i].square(&out[i])
		}
	}
}

func times(out, by *[lanes]element, n int) {
	for i := range n {
		out[i].multiply(&out[i], &by[i])
	}
}

// invert sets v to 1/a, and to 0 for a = 0.
func (v *element) invert(a *element) {
	list := [1]element{*a}
	eleven := powers(list[:])
	// p − 2 = 2⁵·(2²⁵⁰ − 1) + 11
	for range 5 {
		list[0].square(&list[0])
	}
	v.multiply(&list[0], &eleven[0])
}

// invertAll sets every element to its inverse, with one inversion and three
// products each (Montgomery's trick). None may be 0.
func invertAll(list []element) {
	if len(list) == 0 {
		return
	}
	products := make([]element, len(list)) // list[0]⋯list[i]
	products[0] = list[0]
	for i := 1; i < len(list); i++ {
		products[i].multiply(&products[i-1], &list[i])
	}
	var inverse element // of list[0]⋯list[i]
	inverse.invert(&products[len(list)-1])
	for i := len(list) - 1; i > 0; i-- {
		this := list[i]
		list[i].multiply(&inverse, &products[i-1])
		inverse.multiply(&inverse, &this)
	}
	list[0] = inverse
}

// roots sets r[i] to the non-negative square root of u[i]/v[i], or of √−1·u[i]/v[i]
// if that is none, and squares[i] to all ones or 0 accordingly: SQRT_RATIO_M1 of
// RFC 9496, Section 4.2, for at most lanes elements.
func roots(r, u, v []element, squares []uint64) {
	n := len(r)
	var uv3 [lanes]element
	for i := range n {
		var v3, v7 element
		v3.square(&v[i])
		v3.multiply(&v3, &v[i])
		v7.square(&v3)
		v7.multiply(&v7, &v[i])
		uv3[i].multiply(&u[i], &v3)
		r[i].multiply(&u[i], &v7)
	}
	pow22523(r, uv3[:n])
	for i := range n {
		var check, minusU, minusUi, other element
		check.square(&r[i])
		check.multiply(&check, &v[i])
		minusU.negate(&u[i])
		minusUi.multiply(&minusU, &sqrtM1)
		correct, flipped := check.equal(&u[i]), check.equal(&minusU)
		other.multiply(&r[i], &sqrtM1)
		r[i].choose(&other, &r[i], flipped|check.equal(&minusUi))
		r[i].absolute(&r[i])
		squares[i] = correct | flipped
	}
}

// inverseRoots sets w[i] to a square root of 1/w[i], of either sign, and squares[i]
// to all ones. If there is none, or w[i] is 0, squares[i] is 0, and w[i] is a
// root of √−1/w[i] then. It is roots for u = 1 but for the sign.
func inverseRoots(w []element, squares []uint64) {
	n := len(w)
	var v, v3 [lanes]element
	copy(v[:], w)
	for i := range n {
		v3[i].square(&v[i])
		v3[i].multiply(&v3[i], &v[i])
		w[i].square(&v3[i])
		w[i].multiply(&w[i], &v[i])
	}
	pow22523(w, v3[:n])
	for i := range n {
		var check, other element
		check.square(&w[i])
		check.multiply(&check, &v[i])
		check = check.reduced()
		correct, flipped := sameLimbs(&check, &one), sameLimbs(&check, &minusOne)
		other.multiply(&w[i], &sqrtM1)
		w[i].choose(&other, &w[i], flipped|sameLimbs(&check, &minusSqrtM1))
		squares[i] = correct | flipped
	}
}

// pow22523 sets r[i] to by[i]·r[i]^((p−5)/8).
func pow22523(r, by []element) {
	var z [lanes]element
	copy(z[:], r)
	powers(r)
	// (p − 5)/8 = 2²·(2²⁵⁰ − 1) + 1
	for i := range r {
		r[i].square(&r[i])
		r[i].square(&r[i])
		r[i].multiply(&r[i], &z[i])
		r[i].multiply(&r[i], &by[i])
	}
}
