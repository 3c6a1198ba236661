// load: makes the load that no program at hand can make, measures it, prints one line of JSON.
//
//	load paced -address HOST:PORT -rate 1000 -connections 16 -seconds 2 [-path /]
//	load handshakes -address HOST:PORT -certificate FILE -key FILE -seconds 2 [-concurrency 16]
//	load bulk -address HOST:PORT -sink HOST:PORT -bytes 1073741824
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
)

// Result of any of the loads; what a load does not measure is left out.
type result struct {
	Requests int     `json:"requests,omitempty"`
	Failures int     `json:"failures"`
	Seconds  float64 `json:"seconds"`
	// Microseconds from the moment a request was due to its answer.
	P50 float64 `json:"p50,omitempty"`
	P99 float64 `json:"p99,omitempty"`
	Max float64 `json:"max,omitempty"`
	// CPU microseconds of this program.
	Cpu float64 `json:"cpu"`
}

var loads = map[string]func(arguments []string) (result, error){
	"paced":      paced,
	"handshakes": handshakes,
	"bulk":       bulk,
}

func main() {
	if len(os.Args) < 2 || loads[os.Args[1]] == nil {
		fail(fmt.Errorf("usage: load paced|handshakes|bulk [flags]"))
	}
	runtime.GOMAXPROCS(1)
	began, cpu := time.Now(), cpuMicroseconds()
	measured, err := loads[os.Args[1]](os.Args[2:])
	if err != nil {
		fail(err)
	}
	if measured.Seconds == 0 {
		measured.Seconds = time.Since(began).Seconds()
	}
	measured.Cpu = cpuMicroseconds() - cpu
	line, _ := json.Marshal(measured)
	fmt.Println(string(line))
}

func cpuMicroseconds() float64 {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1000
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "load:", err)
	os.Exit(1)
}
