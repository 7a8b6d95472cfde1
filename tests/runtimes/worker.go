// Waits for a line, starts three threads that allocate, and sleep in between unless BUSY is set, and says what main still does.
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

var kept string
var busy = os.Getenv("BUSY") != ""

func work(i int) {
	runtime.LockOSThread()
	for {
		if !busy {
			pause := syscall.NsecToTimespec(10e6)
			syscall.Nanosleep(&pause, nil)
		}
		kept = strconv.Itoa(i)
	}
}

func main() {
	bufio.NewReader(os.Stdin).ReadString('\n')
	for i := 0; i < 3; i++ {
		go work(i)
	}
	time.Sleep(50 * time.Millisecond)
	fmt.Println("ready")
	for {
		time.Sleep(50 * time.Millisecond)
		runtime.GC()
		fmt.Println("tick")
	}
}
