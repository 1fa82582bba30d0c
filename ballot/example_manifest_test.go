package ballot_test

import (
	"fmt"
	"log"
	"os"

	"github.com/hanpyo/hanpyo/ballot"
)

// Officials write a manifest in JSON. Parsing checks it and compiles its
// contests; a vote that breaks a rule is refused in words.
func ExampleParseManifest() {
	json, err := os.ReadFile("../examples/manifests/ranked-points.json")
	if err != nil {
		log.Fatal(err)
	}
	m, err := ballot.ParseManifest(json)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s: %d of %d trustees, %d columns\n", m.Title, m.Threshold, len(m.Trustees), m.Columns())

	projects := &m.Contests[0]
	fmt.Println(projects.Name)
	fmt.Println(projects.Encode(ballot.Vote{"9": 1, "5": 2, "35": 3}))
	fmt.Println(projects.Check(ballot.Vote{"9": 1, "5": 1}))
	for _, row := range projects.Results() {
		fmt.Printf("%4s %-35s %d to %d points a ballot\n", row.ID, row.Label, row.Low, row.High)
	}
	// Output:
	// Top three projects: 2 of 3 trustees, 33 columns
	// Your three favourites, best first: 3, 2 and 1 points
	// [0 1 0 1 0 0 0 0 0 0 0 0 0 0 1 0 0 1 1 0] <nil>
	// contest projects: options 5 and 9 both have rank 1: duplicate
	//    5 Nasadzenie roślin w Bieńczycach     0 to 3 points a ballot
	//    9 Oświetlenie przejść dla pieszych    0 to 3 points a ballot
	//   11 Place zabaw                         0 to 3 points a ballot
	//   16 Boisko                              0 to 3 points a ballot
	//   35 Piłkarskie marzenia                 0 to 3 points a ballot
}
