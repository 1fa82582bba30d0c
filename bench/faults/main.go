// Command faults hurts ledgers of package boltledger and checks what is left:
//
//	go run ./bench/faults [-part LIST] [-dir DIR]
//
// The parts are
//
//	calls      every system call of appending made to fail in turn: killed
//	           there, EIO, ENOSPC, a write of nothing (strace, Linux)
//	short      every write cut short where the file may not grow (RLIMIT_FSIZE)
//	full       disks that are full at every page (tmpfs, Linux, root)
//	torn       the last record of the disk written in part, at every byte of
//	           the page that counts and every sector of the others
//	flips      every bit of every file of a small ledger flipped
//	processes  many openers at once
//
// After each fault the ledger is opened and read in full. What was
// acknowledged must be there, at its index, under a checkpoint that continues
// the last one that was shown; nothing that nobody appended may be there; or,
// where the disk itself lied, an error must name the file. The program prints
// how many faults there were, and ends with status 1 if one did harm.
//
// If strace is missing and the program runs as root on Debian, it is installed.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"
)

// errSkipped is a part that cannot run here.
var errSkipped = errors.New("not run here")

// count is what a part found.
type count struct {
	faults   int      // that were made
	acked    int      // entries that were acknowledged before
	reported int      // faults that ended in an error which names a file
	harm     []string // what should not be
}

func (c *count) failed(format string, args ...any) {
	c.harm = append(c.harm, fmt.Sprintf(format, args...))
}

var parts = []struct {
	name string
	run  func(dir string) (count, error)
}{
	{"calls", calls},
	{"short", short},
	{"full", full},
	{"torn", func(dir string) (count, error) { return torn(dir, 1) }},
	{"flips", func(dir string) (count, error) { return flips(dir, 1) }},
	{"processes", processes},
}

// memory returns a directory in memory, if there is one: the faults are made,
// not waited for, and a sync that does nothing makes them faster.
func memory() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return os.TempDir()
}

func main() {
	if dir := os.Getenv(childDir); dir != "" {
		os.Exit(child(dir))
	}
	list := flag.String("part", "calls,short,full,torn,flips,processes", "the `parts` to run")
	dir := flag.String("dir", memory(), "where to make the ledgers")
	flag.Parse()
	status := 0
	for _, part := range parts {
		if !strings.Contains(","+*list+",", ","+part.name+",") {
			continue
		}
		work, err := os.MkdirTemp(*dir, "faults-")
		if err != nil {
			fmt.Fprintln(os.Stderr, "faults:", err)
			os.Exit(2)
		}
		begin := time.Now()
		c, err := part.run(work)
		_ = os.RemoveAll(work)
		if err != nil {
			fmt.Printf("%-10s %v\n", part.name, err)
			if !errors.Is(err, errSkipped) {
				status = 2
			}
			continue
		}
		fmt.Printf("%-10s %7d faults, %7d reported with the file, %7d entries acknowledged, harm done: %d   (%.0f s)\n",
			part.name, c.faults, c.reported, c.acked, len(c.harm), time.Since(begin).Seconds())
		for i, h := range c.harm {
			if i == 20 {
				fmt.Printf("           and %d more\n", len(c.harm)-i)
				break
			}
			fmt.Println("          ", h)
		}
		if len(c.harm) > 0 {
			status = 1
		}
	}
	os.Exit(status)
}
