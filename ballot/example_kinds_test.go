package ballot_test

import (
	"fmt"
	"log"
	"os"

	"github.com/hanpyo/hanpyo/ballot"
)

// The rows of a result are what is decrypted. Counting plain votes by hand
// gives the same rows: here STAR's two results of one ballot.
func ExampleContest_Count() {
	json, err := os.ReadFile("../examples/manifests/star.json")
	if err != nil {
		log.Fatal(err)
	}
	m, err := ballot.ParseManifest(json)
	if err != nil {
		log.Fatal(err)
	}
	ferry := &m.Contests[0]
	totals, err := ferry.Count(func(yield func(ballot.Vote, uint64) bool) {
		_ = yield(ballot.Vote{"tern": 5, "petrel": 4}, 1) &&
			yield(ballot.Vote{"tern": 4, "petrel": 5, "muirin": 5}, 2) && // a weight of 2
			yield(nil, 1) // blank
	})
	if err != nil {
		log.Fatal(err)
	}
	for i, row := range ferry.Results() {
		if totals[i] > 0 {
			fmt.Printf("%2d  %-15s %s\n", totals[i], row.ID, row.Label)
		}
	}
	// Output:
	// 14  petrel          Storm Petrel
	// 10  muirin          Muirín
	// 13  tern            Arctic Tern
	//  3  petrel>saoirse  Storm Petrel > Saoirse
	//  1  petrel>muirin   Storm Petrel > Muirín
	//  2  petrel>tern     Storm Petrel > Arctic Tern
	//  2  muirin>saoirse  Muirín > Saoirse
	//  2  muirin>tern     Muirín > Arctic Tern
	//  1  tern>petrel     Arctic Tern > Storm Petrel
	//  3  tern>saoirse    Arctic Tern > Saoirse
	//  1  tern>muirin     Arctic Tern > Muirín
	//  1  blank           blank
}

// A mixed contest has a plaintext of a fixed length instead of slots. A text is
// marked like an option.
func ExampleContest_Mixed() {
	json, err := os.ReadFile("../examples/manifests/mixed.json")
	if err != nil {
		log.Fatal(err)
	}
	m, err := ballot.ParseManifest(json)
	if err != nil {
		log.Fatal(err)
	}
	for i := range m.Contests {
		c := &m.Contests[i]
		_, columns := c.Columns()
		fmt.Printf("%-9s %-14s mixed %-5t %2d bytes, %d columns\n", c.ID, c.Kind, c.Mixed(), c.PlaintextLen(), columns)
	}
	committee, ship := &m.Contests[0], &m.Contests[1]
	plain, err := committee.Encode(ballot.Vote{"ito": 1, "byrne": 2})
	fmt.Println(plain, err)
	fmt.Println(ship.Check(ballot.Vote{"Lady of the Lake": 1}))
	fmt.Println(ship.Check(ballot.Vote{"Lady of the Lake": 1, "otter": 1}))
	// Output:
	// committee mixed-ranking  mixed true   5 bytes, 1 columns
	// ship      write-in       mixed true  61 bytes, 3 columns
	// fee       choose         mixed false  0 bytes, 3 columns
	// days      approval       mixed false  0 bytes, 3 columns
	// [4 1 0 0 0] <nil>
	// <nil>
	// contest ship: 2 marks are given, exactly one option or text is required: out of range
}
