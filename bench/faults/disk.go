package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
)

// short lets files grow to every multiple of 256 bytes up to where nothing is
// in the way, so that every write is cut short at some place.
func short(dir string) (count, error) {
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		return count{}, fmt.Errorf("%w: there is no RLIMIT_FSIZE", errSkipped)
	}
	var c count
	for limit := 256; limit <= 160<<10; limit += 256 {
		at := filepath.Join(dir, "at")
		acked, _, err := runChild(self(), at, 0, fmt.Sprintf("%s=%d", childLimit, limit))
		if err != nil {
			return count{}, err
		}
		c.faults++
		c.acked += acked
		if _, err := checkWhole(at, acked, childCount); err != nil {
			c.failed("limit %d: %v", limit, err)
		}
		if err := os.RemoveAll(at); err != nil {
			return count{}, err
		}
	}
	return c, nil
}

// full appends on disks of every number of pages, and looks at the ledger as
// it is there and once there is space.
func full(dir string) (count, error) {
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		return count{}, fmt.Errorf("%w: mounting a small tmpfs takes root on Linux", errSkipped)
	}
	disk, at := filepath.Join(dir, "disk"), filepath.Join(dir, "at")
	if err := os.Mkdir(disk, 0o755); err != nil {
		return count{}, err
	}
	var c count
	for pages := 1; pages <= 96; pages++ {
		if out, err := exec.Command("mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%dk", 4*pages), "tmpfs", disk).CombinedOutput(); err != nil {
			return count{}, fmt.Errorf("%w: mount: %s", errSkipped, strings.TrimSpace(string(out)))
		}
		acked, _, err := runChild(self(), filepath.Join(disk, "ledger"), 0)
		if err == nil {
			if _, statErr := os.Stat(filepath.Join(disk, "ledger")); statErr == nil {
				err = os.CopyFS(at, os.DirFS(filepath.Join(disk, "ledger")))
			}
		}
		if out, e := exec.Command("umount", disk).CombinedOutput(); err == nil && e != nil {
			err = fmt.Errorf("umount: %s", out)
		}
		if err != nil {
			return count{}, err
		}
		c.faults++
		c.acked += acked
		if _, err := checkWhole(at, acked, childCount); err != nil {
			c.failed("%d pages: %v", pages, err)
		}
		if err := os.RemoveAll(at); err != nil {
			return count{}, err
		}
	}
	return c, nil
}

// processes starts many openers of one ledger at once, again and again.
func processes(dir string) (count, error) {
	var c count
	at := filepath.Join(dir, "at")
	size := 0
	for range 25 {
		var mu sync.Mutex
		var wg sync.WaitGroup
		var firstErr error
		before, won := size, 0
		for range 8 {
			wg.Go(func() {
				acked, _, err := runChild(self(), at, before)
				mu.Lock()
				defer mu.Unlock()
				c.faults++
				switch {
				case err != nil && firstErr == nil:
					firstErr = err
				case acked > before:
					won++
					c.acked += acked - before
					size = max(size, acked)
				}
			})
		}
		wg.Wait()
		if firstErr != nil && !strings.Contains(firstErr.Error(), "child says") {
			return count{}, firstErr
		}
		log, err := open(at)
		if err != nil {
			c.failed("after openers at once: %v", err)
			return c, nil
		}
		cp, err := checkEntries(log, size, before+8*childCount)
		if err != nil {
			c.failed("after openers at once: %v", err)
		}
		size = cp
		if err := log.Close(); err != nil {
			return count{}, err
		}
		if won == 0 {
			c.failed("nobody could open")
		}
	}
	return c, nil
}
