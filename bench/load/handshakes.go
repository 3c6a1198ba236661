// New TLS connections one after the other, each with a certificate of its own side, one request and no session kept.
package main

import (
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const question = "GET / HTTP/1.1\r\nHost: bench\r\n\r\n"

func handshakes(arguments []string) (result, error) {
	flags := flag.NewFlagSet("handshakes", flag.ExitOnError)
	address := flags.String("address", "", "where to connect")
	certificate := flags.String("certificate", "", "PEM file of the client's chain")
	key := flags.String("key", "", "PEM file of its key")
	concurrency := flags.Int("concurrency", 16, "connections at a time")
	seconds := flags.Float64("seconds", 2, "how long")
	flags.Parse(arguments)
	pair, err := tls.LoadX509KeyPair(*certificate, *key)
	if err != nil {
		return result{}, err
	}
	// Judging the server's chain is left out: the client must not be what limits the rate.
	config := &tls.Config{
		Certificates:       []tls.Certificate{pair},
		InsecureSkipVerify: true,
		CurvePreferences:   []tls.CurveID{tls.X25519},
		MinVersion:         tls.VersionTLS13,
	}
	var made, failed atomic.Int64
	var first atomic.Value
	end := time.Now().Add(time.Duration(*seconds * float64(time.Second)))
	var all sync.WaitGroup
	for range *concurrency {
		all.Go(func() {
			for time.Now().Before(end) {
				if err := ask(*address, config); err != nil {
					failed.Add(1)
					first.CompareAndSwap(nil, err.Error())
					return
				}
				made.Add(1)
			}
		})
	}
	all.Wait()
	if problem := first.Load(); problem != nil {
		return result{}, fmt.Errorf("%v", problem)
	}
	return result{Requests: int(made.Load()), Failures: int(failed.Load())}, nil
}

// The client closes: a server that closes may wait for the client first.
func ask(address string, config *tls.Config) error {
	socket, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	secure := tls.Client(socket, config)
	defer secure.Close()
	if _, err := io.WriteString(secure, question); err != nil {
		return err
	}
	answer := make([]byte, 0, 4096)
	for {
		count, err := secure.Read(answer[len(answer):cap(answer)])
		answer = answer[:len(answer)+count]
		size, problem := answerSize(answer)
		if problem != nil || size > 0 && len(answer) >= size {
			return problem
		}
		if err != nil {
			return fmt.Errorf("answered %q: %w", answer, err)
		}
	}
}
