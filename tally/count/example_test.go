package count_test

import (
	"fmt"
	"log"

	"github.com/hanpyo/hanpyo/tally/count"
)

func Example() {
	r, err := count.ScottishSTV(&count.Election{
		Candidates: []string{"Ann", "Ben", "Cem"},
		Seats:      2,
		Lot:        []int{1, 2, 0}, // drawn in public: Ben, Cem, Ann
		Ballots: []count.Ballot{
			{Marks: []int{1, 2, 0}, Count: 5}, // Ann, then Ben
			{Marks: []int{1, 0, 2}},           // Ann, then Cem
			{Marks: []int{0, 1, 0}},           // only Ben
			{Marks: []int{0, 0, 1}, Count: 2}, // only Cem
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(r)
	// Output:
	// Single transferable vote, Scottish rules (SSI 2007/42)
	// 9 ballots counted, 0 blank, quota 4.00000
	//
	// 1. The first preferences are counted.
	//                      change    votes    state
	//               Ann  +6.00000  6.00000  elected
	//               Ben  +1.00000  1.00000
	//               Cem  +2.00000  2.00000
	//      no candidate            0.00000
	//    elected: Ann
	//
	// 2. The surplus of Ann is transferred: 2.00000.
	//                      change    votes    state
	//               Ann  -2.00000  4.00000  elected
	//               Ben  +1.66665  2.66665
	//               Cem  +0.33333  2.33333
	//      no candidate            0.00002
	//
	// 3. Cem is excluded; nothing is transferred, as no more are left than seats.
	//                    change    votes     state
	//               Ann          4.00000   elected
	//               Ben          2.66665   elected
	//               Cem          2.33333  excluded
	//      no candidate          0.00002
	//    excluded: Cem
	//    elected: Ben
	//
	// Elected: Ann, Ben
}
