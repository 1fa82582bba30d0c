package main

// manifest cuts a manifest's canonical bytes (docs/manifest.md, Canonical bytes).
func (sc *schema) manifest(w *walker) {
	w.field(enum, "version", 1)
	w.field(enum, "entry kind", 1)
	for _, name := range []string{"group", "title", "origin", "ledger key"} {
		w.text(name)
	}
	for _, who := range []string{"authorities", "registrars"} {
		w.group(record, who, nil, func() {
			n, count := w.counted(number, "key count", 4)
			w.list("keys", count, n, func() { w.field(id, "key", 32) })
			w.field(number, "quorum", 4)
		})
	}
	n, count := w.counted(number, "trustee count", 4)
	w.list("trustees", count, n, func() {
		w.group(record, "trustee", nil, func() {
			w.text("name")
			w.field(id, "signing", 32)
			w.field(point, "encryption", sc.p)
		})
	})
	w.field(number, "threshold", 4)
	w.field(enum, "minority", 1)
	w.field(enum, "every trustee", 1)
	mixed := false
	n, count = w.counted(number, "contest count", 4)
	w.list("contests", count, n, func() { w.group(record, "contest", nil, func() { mixed = contestFields(w) || mixed }) })
	if mixed {
		n, count = w.counted(number, "mixer count", 4)
		w.list("mixers", count, n, func() {
			w.group(record, "mixer", nil, func() {
				w.text("name")
				w.field(id, "signing", 32)
			})
		})
		w.field(number, "mixes", 4)
		w.field(enum, "single mixer", 1)
	}
	n, count = w.counted(number, "style count", 4)
	w.list("styles", count, n, func() {
		w.group(record, "style", nil, func() {
			w.text("id")
			w.text("name")
			n, count := w.counted(number, "contest count", 4)
			w.list("contests", count, n, func() { w.field(number, "contest", 4) })
		})
	})
	for _, name := range []string{"max voters", "max weight", "min group"} {
		w.field(number, name, 8)
	}
	w.field(number, "ballots per credential", 4)
	w.field(timeField, "opens", 8)
	w.field(timeField, "closes", 8)
	w.field(timeField, "rounding", 4)
	if len(w.rest) > 0 && w.err == nil {
		n, count = w.counted(number, "witness count", 4)
		w.list("witnesses", count, n, func() { w.text("witness") })
		w.field(number, "witness quorum", 4)
	}
	if len(w.rest) > 0 && w.err == nil {
		w.text("eligibility")
	}
}

// contestFields cuts one contest; whether it is mixed.
func contestFields(w *walker) (mixed bool) {
	w.text("id")
	w.text("name")
	kind := w.text("kind")
	params, ok := contestParams[kind]
	if !ok {
		w.fail("contest of kind %q", kind)
	}
	for _, p := range params {
		switch p {
		case "count", "plaintexts":
			w.text(p)
		case "exact":
			w.field(enum, p, 1)
		case "values":
			n, count := w.counted(number, "value count", 4)
			w.list(p, count, n, func() { w.field(number, "value", 4) })
		default:
			w.field(number, p, 4)
		}
	}
	w.field(enum, "blank", 1)
	n, count := w.counted(number, "option count", 4)
	w.list("options", count, n, func() {
		w.group(record, "option", nil, func() {
			w.text("id")
			w.text("name")
		})
	})
	return kind == "mixed-ranking" || kind == "write-in"
}

// contestParams are the fields of the kinds of contests that the bases have.
var contestParams = map[string][]string{
	"choose":        {"min", "max"},
	"approval":      {"max"},
	"points":        {"points", "max", "exact"},
	"score":         {"max"},
	"ranked-points": {"values", "exact"},
	"mixed-ranking": {"min", "max", "count", "seats", "plaintexts"},
	"write-in":      {"max", "plaintexts"},
}
