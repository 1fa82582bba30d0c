//go:build unix

package main

import (
	"syscall"
	"time"
)

// cpuTime returns the processor time that all threads of the process have used
// together; what other processes use does not count. User and system time are
// added because only their sum is exact: the kernel splits it by sampling.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic("mutate: " + err.Error())
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
