// HTTP/1.1 at a fixed rate: each request has its moment, and its latency counts from there, sent late or not.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"syscall"
	"time"
	"unsafe"
)

const clockMonotonic = 1

// Connection with at most one request under way.
type connection struct {
	fd   int
	file *os.File
	due  time.Duration
	// Bytes of the answer so far, and all that it will have; 0 while the head is not whole.
	have, want int
	head       []byte
}

// One thread that waits in epoll: the scheduler of Go would round every pause up to a millisecond.
type pacer struct {
	epoll, timer int
	began        time.Time
	interval     time.Duration
	next, end    time.Duration
	request      []byte
	connections  map[int32]*connection
	idle         []*connection
	late         []time.Duration
	latencies    []time.Duration
	buffer       []byte
}

func paced(arguments []string) (result, error) {
	flags := flag.NewFlagSet("paced", flag.ExitOnError)
	address := flags.String("address", "", "where to ask")
	path := flags.String("path", "/", "what to ask for")
	rate := flags.Float64("rate", 1000, "requests a second")
	count := flags.Int("connections", 16, "connections")
	seconds := flags.Float64("seconds", 2, "how long")
	flags.Parse(arguments)
	runtime.LockOSThread()
	debug.SetGCPercent(-1)
	p := &pacer{
		interval:    time.Duration(float64(time.Second) / *rate),
		end:         time.Duration(*seconds * float64(time.Second)),
		request:     []byte(fmt.Sprintf("GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", *path, *address)),
		connections: map[int32]*connection{},
		latencies:   make([]time.Duration, 0, int(*rate**seconds)+1),
		buffer:      make([]byte, 64*1024),
	}
	if err := p.open(*address, *count); err != nil {
		return result{}, err
	}
	if err := p.run(); err != nil {
		return result{}, err
	}
	return p.sum(), nil
}

func (p *pacer) open(address string, count int) error {
	var err error
	if p.epoll, err = syscall.EpollCreate1(0); err != nil {
		return err
	}
	timer, _, errno := syscall.RawSyscall(syscall.SYS_TIMERFD_CREATE, clockMonotonic, syscall.O_NONBLOCK, 0)
	if errno != 0 {
		return errno
	}
	p.timer = int(timer)
	if err := p.watch(p.timer); err != nil {
		return err
	}
	// Timers may be late by 50 µs unless the thread asks for less (PR_SET_TIMERSLACK).
	syscall.RawSyscall(syscall.SYS_PRCTL, 29, 1, 0)
	for range count {
		if err := p.dial(address); err != nil {
			return err
		}
	}
	return nil
}

func (p *pacer) dial(address string) error {
	socket, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer socket.Close()
	file, err := socket.(*net.TCPConn).File()
	if err != nil {
		return err
	}
	opened := &connection{fd: int(file.Fd()), file: file}
	if err := syscall.SetNonblock(opened.fd, true); err != nil {
		return err
	}
	p.connections[int32(opened.fd)] = opened
	p.idle = append(p.idle, opened)
	return p.watch(opened.fd)
}

func (p *pacer) watch(fd int) error {
	return syscall.EpollCtl(p.epoll, syscall.EPOLL_CTL_ADD, fd, &syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(fd)})
}

// Until every request is answered, or two seconds after the last was due.
func (p *pacer) run() error {
	p.began = time.Now()
	events := make([]syscall.EpollEvent, 256)
	for {
		if err := p.sendDue(); err != nil {
			return err
		}
		now := time.Since(p.began)
		if p.next >= p.end && (len(p.late) == 0 && len(p.idle) == len(p.connections) || now > p.end+2*time.Second) {
			return nil
		}
		count, err := syscall.EpollWait(p.epoll, events, 500)
		if err != nil && !errors.Is(err, syscall.EINTR) {
			return err
		}
		for _, event := range events[:max(count, 0)] {
			if err := p.readable(event.Fd); err != nil {
				return err
			}
		}
	}
}

func (p *pacer) sendDue() error {
	now := time.Since(p.began)
	for ; p.next <= now && p.next < p.end; p.next += p.interval {
		p.late = append(p.late, p.next)
	}
	for len(p.late) > 0 && len(p.idle) > 0 {
		chosen := p.idle[0]
		p.idle = p.idle[1:]
		chosen.due, chosen.have, chosen.want, chosen.head = p.late[0], 0, 0, chosen.head[:0]
		p.late = p.late[1:]
		if _, err := syscall.Write(chosen.fd, p.request); err != nil {
			return err
		}
	}
	if p.next < p.end {
		pause := syscall.NsecToTimespec(int64(max(p.next-time.Since(p.began), 1)))
		spec := [2]syscall.Timespec{{}, pause}
		syscall.RawSyscall6(syscall.SYS_TIMERFD_SETTIME, uintptr(p.timer), 0, uintptr(unsafe.Pointer(&spec)), 0, 0, 0)
	}
	return nil
}

func (p *pacer) readable(fd int32) error {
	count, err := syscall.Read(int(fd), p.buffer)
	if int(fd) == p.timer || errors.Is(err, syscall.EAGAIN) {
		return nil
	}
	if err != nil || count == 0 {
		return fmt.Errorf("a connection was closed: %v", err)
	}
	from := p.connections[fd]
	from.have += count
	if from.want == 0 {
		from.head = append(from.head, p.buffer[:count]...)
		if from.want, err = answerSize(from.head); err != nil {
			return err
		}
	}
	if from.want > 0 && from.have >= from.want {
		p.latencies = append(p.latencies, time.Since(p.began)-from.due)
		p.idle = append(p.idle, from)
	}
	return nil
}

// Bytes of head and body; 0 while the head is not whole.
func answerSize(head []byte) (int, error) {
	end := bytes.Index(head, []byte("\r\n\r\n"))
	if end < 0 {
		return 0, nil
	}
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 200")) {
		return 0, fmt.Errorf("answered %q", head[:end])
	}
	for _, line := range bytes.Split(head[:end], []byte("\r\n")) {
		if name, value, ok := bytes.Cut(line, []byte(": ")); ok && bytes.EqualFold(name, []byte("content-length")) {
			length, err := strconv.Atoi(string(value))
			return end + 4 + length, err
		}
	}
	return 0, fmt.Errorf("no content-length in %q", head[:end])
}

func (p *pacer) sum() result {
	slices.Sort(p.latencies)
	at := func(part float64) float64 {
		return float64(p.latencies[int(part*float64(len(p.latencies)-1))]) / float64(time.Microsecond)
	}
	unanswered := len(p.late) + len(p.connections) - len(p.idle)
	return result{Requests: len(p.latencies), Failures: unanswered, Seconds: p.end.Seconds(), P50: at(0.5), P99: at(0.99), Max: at(1)}
}
