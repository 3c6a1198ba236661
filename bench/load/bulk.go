// Bytes in bulk over one TCP connection, half of them up and half down; both ends are here, the proxy is between.
package main

import (
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"net"
)

const blockSize = 256 * 1024

func bulk(arguments []string) (result, error) {
	flags := flag.NewFlagSet("bulk", flag.ExitOnError)
	address := flags.String("address", "", "where to connect")
	sink := flags.String("sink", "", "where to accept")
	size := flags.Int64("bytes", 1<<30, "bytes to carry")
	flags.Parse(arguments)
	listener, err := net.Listen("tcp", *sink)
	if err != nil {
		return result{}, err
	}
	blocks := *size / 2 / blockSize
	served := make(chan error, 1)
	go func() { served <- serveBulk(listener, blocks) }()
	socket, err := net.Dial("tcp", *address)
	if err != nil {
		return result{}, err
	}
	defer socket.Close()
	if err := sendBlocks(socket, blocks); err != nil {
		return result{}, fmt.Errorf("up: %w", err)
	}
	if err := readBlocks(socket, blocks); err != nil {
		return result{}, fmt.Errorf("down: %w", err)
	}
	return result{Requests: int(2 * blocks)}, <-served
}

func serveBulk(listener net.Listener, blocks int64) error {
	socket, err := listener.Accept()
	if err != nil {
		return err
	}
	defer socket.Close()
	if err := readBlocks(socket, blocks); err != nil {
		return err
	}
	return sendBlocks(socket, blocks)
}

// Each block begins with its number.
func sendBlocks(socket net.Conn, blocks int64) error {
	block := make([]byte, blockSize)
	for number := range blocks {
		binary.BigEndian.PutUint64(block, uint64(number))
		if _, err := socket.Write(block); err != nil {
			return err
		}
	}
	return nil
}

func readBlocks(socket net.Conn, blocks int64) error {
	block := make([]byte, blockSize)
	for number := range blocks {
		if _, err := io.ReadFull(socket, block); err != nil {
			return err
		}
		if got := binary.BigEndian.Uint64(block); got != uint64(number) {
			return fmt.Errorf("block %d came where %d was due", got, number)
		}
	}
	return nil
}
