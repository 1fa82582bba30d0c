package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
)

const (
	addCheckpoint = "/add-checkpoint"
	sizeType      = "text/x.tlog.size" // of the answer to who is wrong about the old size

	maxRequest = 128 << 10
	maxAnswer  = 64 << 10
	maxProof   = 63 // hashes
)

// ServeHTTP answers POST …/add-checkpoint.
func (w *Witness) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	switch {
	case !strings.HasSuffix(r.URL.Path, addCheckpoint):
		http.NotFound(rw, r)
		return
	case r.Method != http.MethodPost:
		rw.Header().Set("Allow", http.MethodPost)
		http.Error(rw, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, maxRequest))
	if err != nil {
		http.Error(rw, err.Error(), http.StatusBadRequest)
		return
	}
	old, proof, checkpoint, err := parseRequest(body)
	var lines []byte
	if err == nil {
		lines, err = w.Cosign(r.Context(), old, proof, checkpoint)
	}
	var conflict *ledger.ConflictError
	switch {
	case err == nil:
		rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = rw.Write(lines)
	case errors.As(err, &conflict):
		rw.Header().Set("Content-Type", sizeType)
		rw.WriteHeader(http.StatusConflict)
		fmt.Fprintf(rw, "%d\n", conflict.Size)
	case statusOf(err) == http.StatusInternalServerError: // the error may name files
		http.Error(rw, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
	default:
		http.Error(rw, err.Error(), statusOf(err))
	}
}

// statusOf returns the status by which c2sp.org/tlog-witness says it.
func statusOf(err error) int {
	for _, s := range statuses {
		if errors.Is(err, s.reason) {
			return s.status
		}
	}
	return http.StatusInternalServerError
}

var statuses = []struct {
	reason error
	status int
}{
	{ErrUnknown, http.StatusNotFound},
	{reason.ErrSignature, http.StatusForbidden},
	{reason.ErrChain, http.StatusUnprocessableEntity},
	{reason.ErrEncoding, http.StatusBadRequest},
	{reason.ErrRange, http.StatusBadRequest},
	{reason.ErrLimit, http.StatusBadRequest},
}

func formatRequest(old uint64, proof tlog.TreeProof, checkpoint []byte) []byte {
	b := fmt.Appendf(nil, "old %d\n", old)
	for _, h := range proof {
		b = fmt.Appendf(b, "%s\n", h)
	}
	return append(append(b, '\n'), checkpoint...)
}

func parseRequest(body []byte) (old uint64, proof tlog.TreeProof, checkpoint []byte, err error) {
	head, note, ok := bytes.Cut(body, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	text, isOld := strings.CutPrefix(lines[0], "old ")
	if !ok || !isOld {
		return 0, nil, nil, fmt.Errorf("witness: request: not an old size, a proof and a checkpoint: %w", reason.ErrEncoding)
	}
	if old, err = parseSize(text); err != nil {
		return 0, nil, nil, fmt.Errorf("witness: request: old size: %w", err)
	}
	if len(lines)-1 > maxProof {
		return 0, nil, nil, fmt.Errorf("witness: request: a proof of %d hashes: %w", len(lines)-1, reason.ErrLimit)
	}
	for i, line := range lines[1:] {
		h, err := tlog.ParseHash(line)
		if err != nil || h.String() != line {
			return 0, nil, nil, fmt.Errorf("witness: request: hash %d: %w", i, reason.ErrEncoding)
		}
		proof = append(proof, h)
	}
	return old, proof, note, nil
}

func parseSize(text string) (uint64, error) {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil || strconv.FormatUint(n, 10) != text {
		return 0, fmt.Errorf("%.24q is not a canonical number: %w", text, reason.ErrEncoding)
	}
	return n, nil
}

// Client asks a witness over HTTP. It implements [ledger.Cosigner].
type Client struct {
	URL  string       // the submission prefix: what stands before /add-checkpoint
	HTTP *http.Client // nil is [http.DefaultClient]
}

// Cosign implements [ledger.Cosigner]. Answers of the witness are errors with
// the reasons of [Witness.Cosign]; one that cannot be asked, or says something
// else, is [ledger.ErrUnavailable].
func (c *Client) Cosign(ctx context.Context, old uint64, proof tlog.TreeProof, checkpoint []byte) ([]byte, error) {
	url := strings.TrimSuffix(c.URL, "/") + addCheckpoint
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(formatRequest(old, proof, checkpoint)))
	if err != nil {
		return nil, fmt.Errorf("witness: %w", err)
	}
	request.Header.Set("Content-Type", "text/plain; charset=utf-8")
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	answer, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("witness: %w: %w", ledger.ErrUnavailable, reason.Foreign(err))
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("witness: %s: %w: %w", url, ledger.ErrUnavailable, reason.Foreign(err))
	case len(body) > maxAnswer:
		return nil, fmt.Errorf("witness: %s: answer above %d bytes: %w", url, maxAnswer, reason.ErrLimit)
	case answer.StatusCode == http.StatusOK:
		return body, nil
	case answer.StatusCode == http.StatusConflict:
		// Where only the roots differ, a witness need not say the size.
		size, err := parseSize(strings.TrimSuffix(string(body), "\n"))
		if err != nil {
			size = old
		}
		return nil, &ledger.ConflictError{Size: size}
	}
	err = ledger.ErrUnavailable
	for _, s := range statuses {
		if s.status == answer.StatusCode {
			err = s.reason
			break
		}
	}
	return nil, fmt.Errorf("witness: %s: status %d: %.200q: %w", url, answer.StatusCode, bytes.TrimSpace(body), err)
}
