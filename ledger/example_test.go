package ledger_test

import (
	"context"
	"fmt"
	"log"

	"golang.org/x/mod/sumdb/note"

	"github.com/hanpyo/hanpyo/ledger"
)

// A key for this example only; note.GenerateKey makes others.
const (
	secretKey = "PRIVATE+KEY+example.org/2027-council+4af4ad60+AWFuIGV4YW1wbGUga2V5LCAzMiBieXRlcyBsb25nLi4u"
	publicKey = "example.org/2027-council+4af4ad60+AensiGkrelCEd7LM5+3o4tO/zQ28y2nju4fojei/uqF4"
)

func Example() {
	ctx := context.Background()

	// The operator.
	signer, err := note.NewSigner(secretKey)
	if err != nil {
		log.Fatal(err)
	}
	board := ledger.NewMemory(signer)
	defer board.Close()
	for _, entry := range []string{"manifest", "ballot 1", "ballot 2", "ballot 1", "ballot 3"} {
		index, err := board.Append(ctx, []byte(entry))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s is entry %d\n", entry, index)
	}

	// A voter keeps a receipt and checks it offline.
	policy := ledger.Policy{Origin: "example.org/2027-council", Key: publicKey}
	receipt, err := ledger.Prove(ctx, board, 2)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("\n%s\n", receipt)
	proven, err := ledger.VerifyProof(policy, []byte("ballot 2"), receipt)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("ballot 2 is entry %d of %d\n", proven.Index, proven.Checkpoint.Size)
	_, err = ledger.VerifyProof(policy, []byte("ballot 9"), receipt)
	fmt.Println(err)

	// An auditor reads everything, and believes nothing but the checkpoint.
	verified, err := ledger.Verified(board, policy, proven.Checkpoint)
	if err != nil {
		log.Fatal(err)
	}
	for entry, err := range verified.Entries(ctx, 0, proven.Checkpoint.Size) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%d: %s\n", entry.Index, entry.Data)
	}

	// Output:
	// manifest is entry 0
	// ballot 1 is entry 1
	// ballot 2 is entry 2
	// ballot 1 is entry 1
	// ballot 3 is entry 3
	//
	// c2sp.org/tlog-proof@v1
	// index 2
	// v/NQT10GndXUxfz4S9qKL+N0Tag79ojhDdm309evQEM=
	// AWYGzBOO6bFKqqJkexdIIlU4EhmAGAMmE6hz42Kcyck=
	//
	// example.org/2027-council
	// 4
	// RTwhO3ZkXMv2EKRByDtg0HL6cs0dyQ2ziya9EQz0lTA=
	//
	// — example.org/2027-council SvStYArIwKt+QChhKSIaqYAkeopgPy6a+pdY3dE0Q3018+m0nGjtkfyDS+5e9H9z/rRClmemajiK8SdNw651ZOQaBQg=
	//
	// ballot 2 is entry 2 of 4
	// ledger: entry 2: not in the ledger of size 4: ledger is inconsistent
	// 0: manifest
	// 1: ballot 1
	// 2: ballot 2
	// 3: ballot 3
}
