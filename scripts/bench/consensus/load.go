// Load for `deno task bench consensus`: closed-loop clients of etcd (its own client) or of Aether's
// key-value API (HTTP over one connection per client, or over HTTP/2 as etcd's client does).
//
// Prints one JSON line. Built by drivers.ts with Debian's Go; not part of the product.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand"
	"net"
	"net/http"
	"os"
	"sort"
	"strings"
	"sync"
	"time"

	"go.etcd.io/etcd/clientv3"
	"golang.org/x/net/http2"
)

// One connection that may be shared by clients.
type store interface {
	put(key, value string) error
	get(key string) error
}

type etcdStore struct{ client *clientv3.Client }

func (s etcdStore) put(key, value string) error {
	_, err := s.client.Put(context.Background(), key, value)
	return err
}

func (s etcdStore) get(key string) error {
	_, err := s.client.Get(context.Background(), key)
	return err
}

// HTTP/1.1 as little as is needed: the driver shares the processors with what it measures.
type http1Store struct {
	address string
	suffix  string
	conn    net.Conn
	reader  *bufio.Reader
	buffer  bytes.Buffer
}

func (s *http1Store) put(key, value string) error {
	s.buffer.Reset()
	fmt.Fprintf(&s.buffer, "PUT /api/kv/%s%s HTTP/1.1\r\nhost: %s\r\ncontent-type: text/plain\r\n"+
		"content-length: %d\r\n\r\n%s", key, s.suffix, s.address, len(value), value)
	return s.exchange()
}

func (s *http1Store) get(key string) error {
	s.buffer.Reset()
	fmt.Fprintf(&s.buffer, "GET /api/kv/%s%s HTTP/1.1\r\nhost: %s\r\n\r\n", key, s.suffix, s.address)
	return s.exchange()
}

func (s *http1Store) exchange() error {
	if _, err := s.conn.Write(s.buffer.Bytes()); err != nil {
		return err
	}
	line, err := s.reader.ReadString('\n')
	if err != nil {
		return err
	}
	length := -1
	for {
		header, err := s.reader.ReadString('\n')
		if err != nil {
			return err
		}
		header = strings.TrimRight(header, "\r\n")
		if header == "" {
			break
		}
		if name, value, ok := strings.Cut(header, ":"); ok && strings.EqualFold(name, "content-length") {
			fmt.Sscanf(strings.TrimSpace(value), "%d", &length)
		}
	}
	if length < 0 {
		return errors.New("no content-length: " + line)
	}
	if _, err := s.reader.Discard(length); err != nil {
		return err
	}
	if len(line) < 12 || line[9] != '2' {
		return errors.New(strings.TrimSpace(line))
	}
	return nil
}

type http2Store struct {
	address string
	client  *http.Client
}

func (s http2Store) put(key, value string) error {
	request, err := http.NewRequest("PUT", "http://"+s.address+"/api/kv/"+key, strings.NewReader(value))
	if err != nil {
		return err
	}
	request.Header.Set("content-type", "text/plain")
	return s.exchange(request)
}

func (s http2Store) get(key string) error {
	request, err := http.NewRequest("GET", "http://"+s.address+"/api/kv/"+key, nil)
	if err != nil {
		return err
	}
	return s.exchange(request)
}

func (s http2Store) exchange(request *http.Request) error {
	response, err := s.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode/100 != 2 {
		return errors.New(response.Status)
	}
	return nil
}

func open(kind, address, suffix string) (store, error) {
	switch kind {
	case "etcd":
		client, err := clientv3.New(clientv3.Config{Endpoints: []string{address}, DialTimeout: 5 * time.Second})
		return etcdStore{client}, err
	case "http1":
		conn, err := net.DialTimeout("tcp", address, 5*time.Second)
		if err != nil {
			return nil, err
		}
		return &http1Store{address: address, suffix: suffix, conn: conn, reader: bufio.NewReader(conn)}, nil
	case "http2":
		transport := &http2.Transport{
			AllowHTTP: true,
			DialTLS: func(network, address string, _ *tls.Config) (net.Conn, error) {
				return net.Dial(network, address)
			},
		}
		return http2Store{address, &http.Client{Transport: transport}}, nil
	}
	return nil, fmt.Errorf("--kind is %q: give etcd, http1 or http2", kind)
}

func main() {
	kind := flag.String("kind", "etcd", "etcd, http1 or http2")
	operation := flag.String("operation", "put", "put or get")
	addresses := flag.String("addresses", "", "host:port, comma-separated; connections take turns")
	clients := flag.Int("clients", 64, "")
	connections := flag.Int("connections", 16, "ignored by http1")
	duration := flag.Duration("duration", 3*time.Second, "of which the first sixth does not count")
	valueBytes := flag.Int("value-bytes", 64, "")
	keys := flag.Int("keys", 1000, "")
	suffix := flag.String("suffix", "", "of the path of http1's requests, such as ?consistency=local")
	flag.Parse()
	places := strings.Split(*addresses, ",")
	count := *connections
	if *kind == "http1" || count > *clients {
		count = *clients
	}
	stores := make([]store, count)
	for i := range stores {
		opened, err := open(*kind, places[i%len(places)], *suffix)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		stores[i] = opened
	}
	value := strings.Repeat("x", *valueBytes)
	if *operation == "get" {
		for i := 0; i < *keys; i++ {
			if err := stores[0].put(fmt.Sprintf("key%08d", i), value); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
		}
	}
	start := time.Now()
	counted := start.Add(*duration / 6)
	end := start.Add(*duration)
	latencies := make([][]time.Duration, *clients)
	failures := make([]int, *clients)
	totals := make([]int, *clients)
	var example error
	var mutex sync.Mutex
	var group sync.WaitGroup
	for i := 0; i < *clients; i++ {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			client := stores[i%count]
			total := &totals[i]
			random := rand.New(rand.NewSource(int64(i)))
			for {
				from := time.Now()
				if from.After(end) {
					return
				}
				key := fmt.Sprintf("key%08d", random.Intn(*keys))
				var err error
				if *operation == "put" {
					err = client.put(key, value)
				} else {
					err = client.get(key)
				}
				if err != nil {
					failures[i]++
					mutex.Lock()
					example = err
					mutex.Unlock()
					if failures[i] > 1000 {
						return
					}
				} else if *total++; from.After(counted) {
					latencies[i] = append(latencies[i], time.Since(from))
				}
			}
		}(i)
	}
	group.Wait()
	seconds := time.Since(counted).Seconds()
	var all []float64
	failed, total := 0, 0
	for i := range latencies {
		failed += failures[i]
		total += totals[i]
		for _, each := range latencies[i] {
			all = append(all, float64(each.Microseconds())/1000)
		}
	}
	sort.Float64s(all)
	at := func(share float64) float64 {
		if len(all) == 0 {
			return 0
		}
		return all[int(float64(len(all)-1)*share)]
	}
	result := map[string]interface{}{
		"perSecond": float64(len(all)) / seconds, "p50Ms": at(0.5), "p99Ms": at(0.99), "failed": failed,
		"total": total,
	}
	if example != nil {
		result["example"] = example.Error()
	}
	json.NewEncoder(os.Stdout).Encode(result)
}
