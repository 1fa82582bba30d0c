package ballot

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/internal/strictjson"
	"github.com/hanpyo/hanpyo/internal/wire"
	"github.com/hanpyo/hanpyo/zkp"
)

// The parameters of a contest: the fields whose meaning its kind gives, in
// JSON and in canonical bytes. A parameter has one of the types of the
// switches below.

// allParams are the names that param knows.
var allParams = []string{
	"min", "max", "points", "values", "exact", "grades",
	"lists", "panachage", "equations", "rows", "witness",
	"count", "seats", "plaintexts",
}

// param returns a pointer to the field that a kind uses under a name of the
// manifest.
func (c *Contest) param(name string) any {
	switch name {
	case "min":
		return &c.Min
	case "max":
		return &c.Max
	case "points":
		return &c.Points
	case "values":
		return &c.Values
	case "exact":
		return &c.Exact
	case "grades":
		return &c.Grades
	case "lists":
		return &c.Lists
	case "panachage":
		return &c.Panachage
	case "equations":
		return &c.Equations
	case "rows":
		return &c.Rows
	case "witness":
		return &c.Witness
	case "count":
		return &c.CountBy
	case "seats":
		return &c.Seats
	case "plaintexts":
		return &c.Plaintexts
	}
	panic("ballot: no contest field " + name)
}

// uses reports whether a kind has a parameter.
func uses(k kind, name string) bool {
	for _, p := range k.params() {
		if strings.TrimSuffix(p, "?") == name {
			return true
		}
	}
	return false
}

func isZero(param any) bool {
	switch p := param.(type) {
	case *int:
		return *p == 0
	case *bool:
		return !*p
	case *string:
		return *p == ""
	case *[]int:
		return len(*p) == 0
	case *[]Option:
		return len(*p) == 0
	case *[]List:
		return len(*p) == 0
	case *[]Equation:
		return len(*p) == 0
	case *[]Row:
		return len(*p) == 0
	case *Vote:
		return len(*p) == 0
	}
	panic("ballot: a parameter of unknown type")
}

// cloneParams makes the parameters the contest's own.
func (c *Contest) cloneParams() {
	c.Values, c.Grades, c.Lists = slices.Clone(c.Values), slices.Clone(c.Grades), slices.Clone(c.Lists)
	c.Equations, c.Rows, c.Witness = slices.Clone(c.Equations), slices.Clone(c.Rows), maps.Clone(c.Witness)
	for i := range c.Lists {
		c.Lists[i].Options = slices.Clone(c.Lists[i].Options)
	}
	for i := range c.Equations {
		c.Equations[i].Terms = slices.Clone(c.Equations[i].Terms)
	}
	for i := range c.Rows {
		c.Rows[i].Terms = slices.Clone(c.Rows[i].Terms)
	}
}

// readParam reads a parameter in JSON. The options have been read before.
func (c *Contest) readParam(name string, v *strictjson.Value) {
	switch field := c.param(name).(type) {
	case *int:
		*field = int(v.Int(0, maxPoints))
	case *bool:
		*field = v.Bool()
	case *string:
		*field = v.Text()
	case *[]int:
		for _, item := range v.List() {
			*field = append(*field, int(item.Int(0, maxPoints)))
		}
	case *[]Option:
		*field = readOptions(v)
	case *[]List:
		for _, item := range v.List() {
			list := List{ID: item.Field("id").Text(), Name: item.Field("name").Text()}
			for _, id := range item.Field("options").List() {
				list.Options = append(list.Options, c.readOption(id, id.Text()))
			}
			slices.Sort(list.Options)
			*field = append(*field, list)
		}
	case *[]Equation:
		for _, item := range v.List() {
			*field = append(*field, Equation{
				Terms: c.readTerms(item.Field("terms")),
				Low:   int(item.Field("low").Int(-maxCoefficient, maxCoefficient)),
				High:  int(item.Field("high").Int(-maxCoefficient, maxCoefficient)),
			})
		}
	case *[]Row:
		for _, item := range v.List() {
			*field = append(*field, Row{
				ID: item.Field("id").Text(), Name: item.Field("name").Text(), Terms: c.readTerms(item.Field("terms")),
			})
		}
	case *Vote:
		*field = make(Vote)
		for _, id := range v.Keys() {
			(*field)[id] = int(v.Field(id).Int(-maxPoints, maxPoints))
		}
	}
}

func readOptions(v *strictjson.Value) (options []Option) {
	for _, o := range v.List() {
		options = append(options, Option{ID: o.Field("id").Text(), Name: o.Field("name").Text()})
	}
	return options
}

// readOption returns the position of the option with an id.
func (c *Contest) readOption(v *strictjson.Value, id string) int {
	i := slices.IndexFunc(c.Options, func(o Option) bool { return o.ID == id })
	if i < 0 {
		v.Fail(fmt.Errorf("there is no option %+q: %w", id, reason.ErrShape))
	}
	return i
}

// readTerms reads coefficients by option.
func (c *Contest) readTerms(v *strictjson.Value) (terms []zkp.Term) {
	for _, id := range v.Keys() {
		coefficient := v.Field(id)
		terms = append(terms, zkp.Term{
			Slot:        c.readOption(coefficient, id),
			Coefficient: coefficient.Int(-maxCoefficient, maxCoefficient),
		})
	}
	sortTerms(terms)
	return terms
}

func sortTerms(terms []zkp.Term) {
	slices.SortFunc(terms, func(a, b zkp.Term) int { return a.Slot - b.Slot })
}

// The JSON view of parameters that are more than numbers.
type (
	listJSON struct {
		ID      string   `json:"id"`
		Name    string   `json:"name"`
		Options []string `json:"options"`
	}
	equationJSON struct {
		Terms map[string]int64 `json:"terms"`
		Low   int              `json:"low"`
		High  int              `json:"high"`
	}
	rowJSON struct {
		ID    string           `json:"id"`
		Name  string           `json:"name"`
		Terms map[string]int64 `json:"terms"`
	}
)

// viewParam returns a parameter as it stands in JSON.
func (c *Contest) viewParam(name string) any {
	switch field := c.param(name).(type) {
	case *[]Option:
		return viewOptions(*field)
	case *[]List:
		view := make([]listJSON, len(*field))
		for i, list := range *field {
			view[i] = listJSON{list.ID, list.Name, make([]string, len(list.Options))}
			for j, o := range list.Options {
				view[i].Options[j] = c.Options[o].ID
			}
		}
		return view
	case *[]Equation:
		view := make([]equationJSON, len(*field))
		for i, e := range *field {
			view[i] = equationJSON{c.viewTerms(e.Terms), e.Low, e.High}
		}
		return view
	case *[]Row:
		view := make([]rowJSON, len(*field))
		for i, r := range *field {
			view[i] = rowJSON{r.ID, r.Name, c.viewTerms(r.Terms)}
		}
		return view
	default:
		return field
	}
}

func viewOptions(options []Option) []optionJSON {
	view := make([]optionJSON, len(options))
	for i, o := range options {
		view[i] = optionJSON(o)
	}
	return view
}

func (c *Contest) viewTerms(terms []zkp.Term) map[string]int64 {
	view := make(map[string]int64, len(terms))
	for _, t := range terms {
		view[c.Options[t.Slot].ID] = t.Coefficient
	}
	return view
}

// encodeParam writes a parameter's canonical bytes.
func (c *Contest) encodeParam(name string, w *wire.Writer) {
	switch field := c.param(name).(type) {
	case *int:
		w.Uint32(uint32(*field))
	case *bool:
		writeBool(w, *field)
	case *string:
		w.String(*field)
	case *[]int:
		w.Uint32(uint32(len(*field)))
		for _, v := range *field {
			w.Uint32(uint32(v))
		}
	case *[]Option:
		encodeOptions(w, *field)
	case *[]List:
		w.Uint32(uint32(len(*field)))
		for _, list := range *field {
			w.String(list.ID)
			w.String(list.Name)
			w.Uint32(uint32(len(list.Options)))
			for _, o := range list.Options {
				w.Uint32(uint32(o))
			}
		}
	case *[]Equation:
		w.Uint32(uint32(len(*field)))
		for _, e := range *field {
			encodeTerms(w, e.Terms)
			w.Int64(int64(e.Low))
			w.Int64(int64(e.High))
		}
	case *[]Row:
		w.Uint32(uint32(len(*field)))
		for _, r := range *field {
			w.String(r.ID)
			w.String(r.Name)
			encodeTerms(w, r.Terms)
		}
	case *Vote:
		w.Uint32(uint32(len(*field)))
		for _, id := range slices.Sorted(maps.Keys(*field)) {
			w.String(id)
			w.Int64(int64((*field)[id]))
		}
	}
}

func encodeOptions(w *wire.Writer, options []Option) {
	w.Uint32(uint32(len(options)))
	for _, o := range options {
		w.String(o.ID)
		w.String(o.Name)
	}
}

func encodeTerms(w *wire.Writer, terms []zkp.Term) {
	w.Uint32(uint32(len(terms)))
	for _, t := range terms {
		w.Uint32(uint32(t.Slot))
		w.Int64(t.Coefficient)
	}
}

// decodeParam reads what encodeParam writes. What else it accepts, checks of
// the contest and the comparison with the canonical bytes refuse.
func (c *Contest) decodeParam(name string, r *wire.Reader) {
	switch field := c.param(name).(type) {
	case *int:
		*field = decodeInt(r)
	case *bool:
		*field = readBool(r)
	case *string:
		*field = r.String(maxID)
	case *[]int:
		for range r.Count(maxOptions, 4) {
			*field = append(*field, decodeInt(r))
		}
	case *[]Option:
		*field = decodeOptions(r)
	case *[]List:
		for range r.Count(maxOptions, 12) {
			list := List{ID: r.String(maxID), Name: r.String(maxName)}
			for range r.Count(maxOptions, 4) {
				list.Options = append(list.Options, int(r.Uint32()))
			}
			*field = append(*field, list)
		}
	case *[]Equation:
		for range r.Count(maxOptions, 20) {
			*field = append(*field, Equation{Terms: decodeTerms(r), Low: int(r.Int64()), High: int(r.Int64())})
		}
	case *[]Row:
		for range r.Count(maxOptions, 12) {
			*field = append(*field, Row{ID: r.String(maxID), Name: r.String(maxName), Terms: decodeTerms(r)})
		}
	case *Vote:
		*field = make(Vote)
		for range r.Count(maxOptions, 12) {
			id := r.String(maxID)
			(*field)[id] = int(r.Int64())
		}
	}
}

func decodeOptions(r *wire.Reader) (options []Option) {
	for range r.Count(maxOptions, 8) {
		options = append(options, Option{ID: r.String(maxID), Name: r.String(maxName)})
	}
	return options
}

func decodeTerms(r *wire.Reader) (terms []zkp.Term) {
	for range r.Count(maxOptions, 12) {
		terms = append(terms, zkp.Term{Slot: int(r.Uint32()), Coefficient: r.Int64()})
	}
	return terms
}

// decodeInt reads a parameter that is a number.
func decodeInt(r *wire.Reader) int {
	v := r.Uint32()
	if v > maxPoints {
		r.Fail(fmt.Errorf("parameter %d before byte %d is above %d: %w", v, r.Offset(), maxPoints, reason.ErrRange))
		return 0
	}
	return int(v)
}
