package dkg

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/chacha20poly1305"
)

// vault is the encrypted file of a trustee:
//
//	magic ‖ salt (16) ‖ nonce (24) ‖ XChaCha20-Poly1305 of the content
//
// The key is Argon2id of passphrase and salt; magic and salt are authenticated.
// The salt stays the same for the life of the file, every writing has a random
// nonce. A file is replaced as a whole, under a lock that keeps two processes
// from losing each other's updates.
type vault struct {
	path  string // "" keeps everything in memory
	salt  []byte
	key   []byte
	mu    sync.Mutex
	state *secret // never written to, only replaced
}

const (
	magic    = "hanpyo trustee, version 1\n"
	saltLen  = 16
	maxVault = 64 << 20
)

// The parameters that RFC 9106, section 4, recommends where memory is scarce.
// They belong to version 1 of the file.
var (
	argonTime   uint32 = 3
	argonMemory uint32 = 64 << 10 // KiB
)

const argonThreads = 4

func deriveKey(passphrase, salt []byte) []byte {
	return argon2.IDKey(passphrase, salt, argonTime, argonMemory, argonThreads, chacha20poly1305.KeySize)
}

func createVault(path string, passphrase []byte, s *secret) (*vault, error) {
	if len(passphrase) == 0 {
		return nil, fmt.Errorf("dkg: trustee file %s: empty passphrase: %w", path, ErrRange)
	}
	v := &vault{path: path, salt: make([]byte, saltLen), state: s}
	rand.Read(v.salt)
	v.key = deriveKey(passphrase, v.salt)
	unlock, err := lockFile(path + ".lock")
	if err != nil {
		return nil, fmt.Errorf("dkg: trustee file: %w", err)
	}
	defer unlock()
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("dkg: trustee file %s exists already: %w", path, ErrState)
	}
	if err := v.write(s); err != nil {
		return nil, fmt.Errorf("dkg: trustee file: %w", err)
	}
	return v, nil
}

func openVault(path string, passphrase []byte) (*vault, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	salt, _, err := splitVault(data)
	if err != nil {
		return nil, fmt.Errorf("dkg: trustee file %s: %w", path, err)
	}
	v := &vault{path: path, salt: bytes.Clone(salt), key: deriveKey(passphrase, salt)}
	if v.state, err = v.decrypt(data); err != nil {
		return nil, err
	}
	return v, nil
}

func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err == nil && info.Size() > maxVault {
		return nil, fmt.Errorf("dkg: trustee file %s has %d bytes: %w", path, info.Size(), ErrLimit)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("dkg: trustee file: %w", err)
	}
	return data, nil
}

// splitVault separates salt and the sealed rest.
func splitVault(data []byte) (salt, sealed []byte, err error) {
	rest, ok := bytes.CutPrefix(data, []byte(magic))
	switch {
	case !ok && bytes.HasPrefix(data, []byte("hanpyo trustee, version ")):
		return nil, nil, fmt.Errorf("not of version 1: %w", ErrVersion)
	case !ok:
		return nil, nil, fmt.Errorf("not a trustee's file: %w", ErrEncoding)
	case len(rest) < saltLen+chacha20poly1305.NonceSizeX+chacha20poly1305.Overhead:
		return nil, nil, fmt.Errorf("truncated: %w", ErrEncoding)
	}
	return rest[:saltLen], rest[saltLen:], nil
}

func (v *vault) decrypt(data []byte) (*secret, error) {
	salt, sealed, err := splitVault(data)
	if err == nil && !bytes.Equal(salt, v.salt) {
		err = fmt.Errorf("was replaced by another trustee's: %w", ErrState)
	}
	if err != nil {
		return nil, fmt.Errorf("dkg: trustee file %s: %w", v.path, err)
	}
	aead, err := chacha20poly1305.NewX(v.key)
	if err != nil {
		return nil, err
	}
	nonce, box := sealed[:aead.NonceSize()], sealed[aead.NonceSize():]
	plain, err := aead.Open(nil, nonce, box, v.header())
	if err != nil {
		return nil, fmt.Errorf("dkg: trustee file %s: wrong passphrase, or the file is damaged: %w", v.path, ErrEncoding)
	}
	s, err := decodeSecret(plain)
	if err != nil {
		return nil, fmt.Errorf("dkg: trustee file %s: content: %w", v.path, err)
	}
	return s, nil
}

func (v *vault) header() []byte { return append([]byte(magic), v.salt...) }

func (v *vault) encrypt(s *secret) ([]byte, error) {
	aead, err := chacha20poly1305.NewX(v.key)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize())
	rand.Read(nonce)
	out := append(v.header(), nonce...)
	return aead.Seal(out, nonce, s.encode(), v.header()), nil
}

// view returns the state as it was last read or written.
func (v *vault) view() *secret {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.state
}

// update reads the file again, changes its content and, if there was a change,
// writes it durably before it returns.
func (v *vault) update(change func(*secret) error) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.path != "" {
		unlock, err := lockFile(v.path + ".lock")
		if err != nil {
			return fmt.Errorf("dkg: trustee file: %w", err)
		}
		defer unlock()
		data, err := readFile(v.path)
		if err != nil {
			return err
		}
		s, err := v.decrypt(data)
		if err != nil {
			return err
		}
		v.state = s
	}
	s := v.state.clone()
	if err := change(s); err != nil {
		return err
	}
	if v.path != "" {
		if err := v.save(s); err != nil {
			return fmt.Errorf("dkg: trustee file: %w", err)
		}
	}
	v.state = s
	return nil
}

// save makes the state durable. One that is in the file already may have been
// put there by a process that crashed before it had synced the folder.
func (v *vault) save(s *secret) error {
	if bytes.Equal(s.encode(), v.state.encode()) {
		return syncFolder(filepath.Dir(v.path))
	}
	return v.write(s)
}

// write replaces the file: after a crash there is the old one or the new one.
func (v *vault) write(s *secret) error {
	data, err := v.encrypt(s)
	if err != nil {
		return err
	}
	return replaceFile(v.path, data)
}

func replaceFile(path string, data []byte) (err error) {
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}
