package play

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
)

const maxFileSize = 64 << 20

// ReadFile reads the file at path, of 64 MiB at most.
func ReadFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFileSize+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFileSize {
		return nil, fmt.Errorf("%s: larger than %d bytes", path, maxFileSize)
	}
	return data, nil
}

// WriteJSON writes a value to a file, or nowhere if there is no file.
func WriteJSON(file string, value any) error {
	if file == "" {
		return nil
	}
	data, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(data, '\n'), 0o644)
}
