// Command witness cosigns the growth of ledgers, so that nobody can be shown
// another one: it answers add-checkpoint of c2sp.org/tlog-witness. It keeps its
// key and what it has seen in a directory, and prints its verifier key, which
// goes into the manifests of elections.
//
//	go run ./examples/witness -listen 127.0.0.1:8086 -dir DIR -name example.org/witness LOGKEY…
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/ledger/witness"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run witnesses until ctx ends.
func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("witness", flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:8086", "where to answer")
	dir := flags.String("dir", "", "directory of the witness's key and memory")
	name := flags.String("name", "example.org/witness", "name of the witness, for a new key")
	ed25519 := flags.Bool("ed25519", false, "make a new key for Ed25519, not ML-DSA-44")
	var logs []string
	flags.Func("log", "verifier key of a ledger to witness, as often as needed", func(key string) error {
		logs = append(logs, key)
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return err
	}
	logs = append(logs, flags.Args()...)
	if *dir == "" || len(logs) == 0 {
		return errors.New("witness: -dir and at least one ledger are needed; see -help")
	}
	kind := ledger.CosignMLDSA44
	if *ed25519 {
		kind = ledger.CosignEd25519
	}
	key, err := loadKey(*dir, kind, *name)
	if err != nil {
		return err
	}
	w, err := witness.Open(*dir, []*ledger.CosigningKey{key}, logs)
	if err != nil {
		return err
	}
	defer w.Close()
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "key %s\nlistening on http://%s\n", key.Public(), listener.Addr())
	server := &http.Server{Handler: w, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second}
	done := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer done()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// loadKey reads the key in dir, or makes it the first time.
func loadKey(dir string, kind ledger.CosignatureType, name string) (*ledger.CosigningKey, error) {
	path := filepath.Join(dir, "key")
	text, err := os.ReadFile(path)
	if err == nil {
		return ledger.ParseCosigningKey(strings.TrimSpace(string(text)))
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	key, err := ledger.NewCosigningKey(kind, name)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return key, os.WriteFile(path, []byte(key.Secret()+"\n"), 0o600)
}
