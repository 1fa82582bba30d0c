package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// traced are the system calls that reach the disk.
var traced = []string{"openat", "pwrite64", "write", "fdatasync", "fsync", "ftruncate", "renameat", "close", "unlinkat",
	"mmap", "munmap", "madvise", "flock", "fchmod", "mkdirat", "newfstatat", "fstat", "pread64", "read", "getdents64", "lseek"}

// kinds are what may happen to each: an argument of strace's inject.
var kinds = []string{"signal=KILL", "error=EIO", "error=ENOSPC"}

// calls makes every system call of appending fail in turn.
func calls(dir string) (count, error) {
	strace, err := findStrace()
	if err != nil {
		return count{}, err
	}
	seed := filepath.Join(dir, "seed")
	if _, _, err := runChild(self(), seed, 0); err != nil {
		return count{}, err
	}
	base, err := profile(strace, dir, seed)
	if err != nil {
		return count{}, err
	}
	var total count
	for _, name := range traced {
		for _, kind := range append(kinds, "retval=0") {
			if kind == "retval=0" && name != "write" && name != "pwrite64" {
				continue // a write that writes nothing
			}
			for k := 1; k <= base[name]; k++ {
				if err := call(&total, strace, dir, seed, name, kind, k); err != nil {
					return count{}, err
				}
			}
		}
	}
	return total, nil
}

// call runs a child whose k-th system call of a name fails, on a copy of seed.
func call(c *count, strace, dir, seed, name, kind string, k int) error {
	at := filepath.Join(dir, "at")
	defer os.RemoveAll(at)
	if err := os.CopyFS(at, os.DirFS(seed)); err != nil {
		return err
	}
	what := fmt.Sprintf("%s %s %d", name, kind, k)
	trace := filepath.Join(dir, "trace")
	cmd := self()
	// A path keeps the calls of the Go runtime and of the pipe out.
	cmd = exec.Command(strace, "-f", "-qq", "-o", trace, "-P", at, "-P", filepath.Join(at, "ledger.db"), "-P", filepath.Join(at, "checkpoint"),
		"-P", filepath.Join(at, "large"), "-e", "trace="+name, "-e", fmt.Sprintf("inject=%s:%s:when=%d", name, kind, k), cmd.Path)
	acked, _, err := runChild(cmd, at, childCount, "GOMAXPROCS=1")
	if err != nil {
		return err
	}
	text, err := os.ReadFile(trace)
	if err != nil {
		return err
	}
	if !strings.Contains(string(text), "(INJECTED)") && !strings.Contains(string(text), "+++ killed by SIGKILL") {
		return nil // threads share the calls in another way this time
	}
	c.faults++
	c.acked += acked - childCount
	if _, err := checkWhole(at, acked, 2*childCount); err != nil {
		c.failed("%s: %v", what, err)
	}
	return nil
}

// profile counts the calls of a child that nothing happens to: of each, the
// most that one thread makes, since strace counts by thread.
func profile(strace, dir, seed string) (map[string]int, error) {
	at, trace := filepath.Join(dir, "at"), filepath.Join(dir, "trace")
	defer os.RemoveAll(at)
	if err := os.CopyFS(at, os.DirFS(seed)); err != nil {
		return nil, err
	}
	cmd := exec.Command(strace, "-f", "-qq", "-o", trace, "-e", "trace="+strings.Join(traced, ","), self().Path)
	acked, _, err := runChild(cmd, at, childCount, "GOMAXPROCS=1")
	if err != nil {
		return nil, err
	}
	if acked != 2*childCount {
		return nil, fmt.Errorf("without a fault %d entries are acknowledged: is strace allowed here?", acked-childCount)
	}
	f, err := os.Open(trace)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	most := make(map[string]int)
	for lines := bufio.NewScanner(f); lines.Scan(); {
		_, rest, _ := strings.Cut(lines.Text(), " ")
		name, _, ok := strings.Cut(strings.TrimSpace(rest), "(")
		if ok {
			most[name]++
		}
	}
	return most, nil
}

// findStrace returns the path of strace, and installs it if it may.
func findStrace() (string, error) {
	if runtime.GOOS != "linux" {
		return "", fmt.Errorf("%w: strace is for Linux", errSkipped)
	}
	path, err := exec.LookPath("strace")
	if err != nil && os.Geteuid() == 0 {
		_ = exec.Command("apt-get", "install", "-y", "strace").Run()
		path, err = exec.LookPath("strace")
	}
	if err != nil {
		return "", fmt.Errorf("%w: strace is missing (apt-get install strace)", errSkipped)
	}
	return path, nil
}
