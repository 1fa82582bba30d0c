package strictjson

import (
	"fmt"
	"unicode"

	"github.com/hanpyo/hanpyo/internal/reason"
)

type kind uint8

const (
	missing kind = iota
	object
	list
	text
	number
	boolean
)

var kinds = [...]string{"nothing", "an object", "a list", "text", "a number", "true or false"}

// Value is one value of a document. Its methods ask it for what should be
// there. The first wrong answer sticks to the whole document: later ones give
// zero values, and Done reports it.
type Value struct {
	parent  *Value
	key     string // in an object
	index   int    // in an object or list
	kind    kind
	asked   bool
	text    string
	number  int64 // 0 or 1 of a boolean
	items   []*Value
	failure *failure
}

type failure struct{ err error }

// child appends an element.
func (v *Value) child(key string) *Value {
	c := &Value{parent: v, key: key, index: len(v.items), failure: v.failure}
	v.items = append(v.items, c)
	return c
}

// Path returns where the value stands, such as contests[0].options[2].name.
func (v *Value) Path() string {
	switch {
	case v.parent == nil:
		return ""
	case v.parent.kind == list:
		return fmt.Sprintf("%s[%d]", v.parent.Path(), v.index)
	case v.parent.parent == nil:
		return shownKey(v.key)
	}
	return v.parent.Path() + "." + shownKey(v.key)
}

func (v *Value) prefix() string {
	if path := v.Path(); path != "" {
		return path + ": "
	}
	return ""
}

// shownKey quotes a key that is long or could be mistaken for something else.
func shownKey(key string) string {
	for _, r := range key {
		if r != '_' && (r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r)) {
			return fmt.Sprintf("%+.64q", key)
		}
	}
	if len(key) > 64 {
		return fmt.Sprintf("%+.64q", key)
	}
	return key
}

// Err returns the document's first failure so far.
func (v *Value) Err() error { return v.failure.err }

// Fail makes the document fail, naming the value; err wraps the reason.
func (v *Value) Fail(err error) {
	if v.failure.err == nil {
		v.failure.err = fmt.Errorf("json: %s%w", v.prefix(), err)
	}
}

func (v *Value) is(k kind) bool {
	v.asked = true
	if v.failure.err != nil {
		return false
	}
	if v.kind != k {
		v.Fail(fmt.Errorf("is %s and must be %s: %w", kinds[v.kind], kinds[k], reason.ErrEncoding))
		return false
	}
	return true
}

// find returns the value of a key, or nil.
func (v *Value) find(key string) *Value {
	if v.kind == object {
		for _, item := range v.items {
			if item.key == key {
				return item
			}
		}
	}
	return nil
}

// Has reports whether the value is an object with the key.
func (v *Value) Has(key string) bool { return v.find(key) != nil }

// Field returns the value of a key that the object must have.
func (v *Value) Field(key string) *Value {
	if v.is(object) {
		if item := v.find(key); item != nil {
			return item
		}
		v.Fail(fmt.Errorf("has no %q: %w", key, reason.ErrEncoding))
	}
	return &Value{parent: v, key: key, failure: v.failure}
}

// Keys returns the keys of an object in the order of the document, for objects
// whose keys are data.
func (v *Value) Keys() []string {
	if !v.is(object) {
		return nil
	}
	keys := make([]string, len(v.items))
	for i, item := range v.items {
		keys[i] = item.key
	}
	return keys
}

// List returns the elements of a list.
func (v *Value) List() []*Value {
	if !v.is(list) {
		return nil
	}
	return v.items
}

// Text returns a text.
func (v *Value) Text() string {
	if !v.is(text) {
		return ""
	}
	return v.text
}

// Bool returns true or false.
func (v *Value) Bool() bool { return v.is(boolean) && v.number == 1 }

// Int returns a number between least and most.
func (v *Value) Int(least, most int64) int64 {
	if !v.is(number) {
		return 0
	}
	if v.number < least || v.number > most {
		v.Fail(fmt.Errorf("%d is not between %d and %d: %w", v.number, least, most, reason.ErrRange))
		return 0
	}
	return v.number
}

// Done returns the first failure, or an error if the value holds anything that
// was never asked for.
func (v *Value) Done() error {
	if v.failure.err == nil {
		v.unasked()
	}
	return v.failure.err
}

func (v *Value) unasked() {
	if !v.asked {
		v.Fail(fmt.Errorf("unknown key: %w", reason.ErrEncoding))
		return
	}
	for _, item := range v.items {
		item.unasked()
	}
}
