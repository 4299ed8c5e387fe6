// The Go peer of the load tests: net/http with the endpoints of Heddle's bench example that load-tests/hogs asks for.
// The script compiles it where Go is installed; it needs the standard library alone.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"
)

const maxMillis = 60_000 // the limit of Heddle's bench example

type message struct {
	Message string `json:"message"`
}

func main() {
	port := flag.Int("port", 8082, "TCP port on the loopback address")
	procs := flag.Int("procs", runtime.NumCPU(), "GOMAXPROCS")
	dir := flag.String("dir", "", "directory whose files /file?name=F serves; without it there is no such path")
	flag.Parse()
	runtime.GOMAXPROCS(*procs)

	http.HandleFunc("/plaintext", func(w http.ResponseWriter, r *http.Request) {
		answer(w, "text/plain", []byte("Hello, World!"))
	})
	http.HandleFunc("/json", func(w http.ResponseWriter, r *http.Request) {
		body, err := json.Marshal(message{"Hello, World!"})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		answer(w, "application/json", body)
	})
	http.HandleFunc("/sleep", timed(func(d time.Duration) string {
		time.Sleep(d)
		return "slept"
	}))
	http.HandleFunc("/cpu", timed(func(d time.Duration) string {
		return strconv.FormatInt(spin(d), 10)
	}))
	if *dir != "" {
		http.HandleFunc("/file", func(w http.ResponseWriter, r *http.Request) {
			file(w, filepath.Join(*dir, filepath.Base(r.URL.Query().Get("name"))))
		})
	}
	log.Fatal(http.ListenAndServe(fmt.Sprintf("127.0.0.1:%d", *port), nil))
}

// answer sends the headers that the bench example sends; net/http adds Date.
func answer(w http.ResponseWriter, contentType string, body []byte) {
	w.Header().Set("Server", "go")
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Write(body)
}

// timed reads ?ms=N and answers with what f returns.
func timed(f func(time.Duration) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		text := r.URL.Query().Get("ms")
		millis, err := strconv.Atoi(text)
		if err != nil || millis < 0 || millis > maxMillis {
			http.Error(w, fmt.Sprintf("ms: got '%s', need 0 to %d", text, maxMillis), http.StatusBadRequest)
			return
		}
		answer(w, "text/plain", []byte(f(time.Duration(millis)*time.Millisecond)))
	}
}

// spin uses the processor for that long, measured by the wall clock, and returns how many rounds it made.
func spin(d time.Duration) int64 {
	start := time.Now()
	rounds := int64(0)
	for time.Since(start) < d {
		rounds++
	}
	return rounds
}

// file reads a file by ordinary blocking calls: a FIFO blocks its request until somebody has written to it.
func file(w http.ResponseWriter, path string) {
	body, err := os.ReadFile(path)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	answer(w, "application/octet-stream", body)
}
