package identity

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"sync"
	"time"
)

// Nonces knows which nonces are outstanding, so that each is good for one
// presentation. A registrar of several processes implements it over its
// database, with one statement that deletes the nonce and says whether it was
// there.
type Nonces interface {
	// Use takes the nonce out of those outstanding at that time, in one step:
	// of two concurrent calls at most one succeeds. It refuses with ErrReplay.
	Use(ctx context.Context, nonce string, now time.Time) error
}

// Memory holds outstanding nonces in memory, for a registrar of one process.
// After a restart the nonces of before are refused and the wallets are asked
// again, so that nothing has to be stored. It is safe for concurrent use.
type Memory struct {
	lifetime time.Duration
	limit    int

	mu          sync.Mutex
	outstanding map[string]time.Time // until when
	queue       []issued             // in the order of issue; holds the used ones too
}

type issued struct {
	nonce string
	until time.Time
}

// NewMemory returns an empty store for at most limit nonces at a time, each
// good for that long.
func NewMemory(limit int, lifetime time.Duration) *Memory {
	return &Memory{lifetime: lifetime, limit: limit, outstanding: map[string]time.Time{}}
}

// Issue returns a fresh nonce of 256 bits in base64url. It fails with ErrLimit
// if too many were issued within one lifetime.
func (m *Memory) Issue(now time.Time) (string, error) {
	var b [32]byte
	rand.Read(b[:]) // never fails, see crypto/rand
	nonce := base64.RawURLEncoding.EncodeToString(b[:])
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget(now)
	if len(m.queue) >= m.limit {
		return "", fmt.Errorf("identity: nonce: %d issued within %v: %w", m.limit, m.lifetime, ErrLimit)
	}
	until := now.Add(m.lifetime)
	m.outstanding[nonce] = until
	m.queue = append(m.queue, issued{nonce, until})
	return nonce, nil
}

// Use implements [Nonces].
func (m *Memory) Use(_ context.Context, nonce string, now time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	until, ok := m.outstanding[nonce]
	if !ok || now.After(until) {
		return fmt.Errorf("identity: nonce: used, expired or never issued: %w", ErrReplay)
	}
	delete(m.outstanding, nonce)
	return nil
}

// forget drops the nonces that expired, from the front of the queue.
func (m *Memory) forget(now time.Time) {
	n := 0
	for n < len(m.queue) && now.After(m.queue[n].until) {
		delete(m.outstanding, m.queue[n].nonce)
		n++
	}
	m.queue = m.queue[n:]
}
