package main

import (
	"fmt"
	"os"
	"runtime/metrics"
	"strings"
	"time"
)

// watchMemory watches the memory of this process until stop is called, which
// returns the most there was: held, which is not a file's, looked at every few
// milliseconds; and all that was resident, which the system itself records,
// with the pages of files that are mapped into memory. Those the system drops
// when somebody needs the room; a ledger that has been read is among them.
func watchMemory() (stop func() (held, all uint64)) {
	resetPeak()
	done, result := make(chan struct{}), make(chan uint64)
	go func() {
		most := heldMemory()
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				most = max(most, heldMemory())
			case <-done:
				result <- max(most, heldMemory())
				return
			}
		}
	}()
	return func() (held, all uint64) {
		close(done)
		return <-result, statusField("VmHWM:")
	}
}

// heldMemory returns the memory of this process that is not a file's: what
// Linux says, elsewhere what the Go runtime has and has not given back.
func heldMemory() uint64 {
	if n := statusField("RssAnon:"); n > 0 {
		return n
	}
	sample := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64() - sample[1].Value.Uint64()
}

// statusField returns a field of /proc/self/status in bytes, 0 if there is
// none.
func statusField(name string) uint64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), name)
	var kib uint64
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		return 0
	}
	return kib << 10
}

// resetPeak makes Linux forget the most memory there was (proc(5), clear_refs).
// Where that cannot be done the most is that of the process so far.
func resetPeak() { _ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) }
