package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/hanpyo/hanpyo/examples/internal/play"
)

// The vote types of Pabulib that this program can hold.
const (
	approvalVote   = "approval"   // name projects
	cumulativeVote = "cumulative" // give points to projects, limited in sum
	ordinalVote    = "ordinal"    // rank projects; the first of a top three is worth 3
)

// pabulib is a participatory budgeting vote in the file format of
// https://pabulib.org/format: the sections META, PROJECTS and VOTES in this
// order, each a title line, a line of column names and semicolon-separated
// rows quoted as in CSV.
type pabulib struct {
	Source   string // the file's name
	Title    string
	VoteType string
	// MinLength and MaxLength say how many projects a vote may name.
	MinLength, MaxLength int
	// MaxSum is the most points that a cumulative vote may give away:
	// max_sum_points of META or, where META is silent, the largest sum found.
	MaxSum   int
	Projects []project
	Votes    []pabulibVote
}

// project is a row of PROJECTS. FileVotes and FileScore are what the file
// itself says about the result, -1 where it says nothing.
type project struct {
	ID, Name             string
	FileVotes, FileScore int
}

// pabulibVote is a row of VOTES: for every project named, what it is given,
// which is 1, a number of points, or a rank from 1 up, as the vote type wants.
type pabulibVote map[string]int

// parseError says in which line of which file something is wrong.
type parseError struct {
	File string
	Line int
	Err  error
}

func (e *parseError) Error() string { return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err) }
func (e *parseError) Unwrap() error { return e.Err }

// readPabulib reads the file at path, of 64 MiB at most.
func readPabulib(path string) (*pabulib, error) {
	data, err := play.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parsePabulib(filepath.Base(path), data)
}

// parsePabulib reads strictly: whatever is missing, unknown, doubled or
// different from what META announces is an error that says in which line.
// A byte order mark at the start and blanks around a field are tolerated, as
// published files have them.
func parsePabulib(name string, data []byte) (*pabulib, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	p := &pabulibParser{meta: map[string]metaValue{}, known: map[string]bool{}, voters: map[string]bool{}}
	p.out.Source, p.line = name, 1
	if err := p.parse(data); err != nil {
		return nil, &parseError{File: name, Line: p.line, Err: err}
	}
	return &p.out, nil
}

type metaValue struct {
	text string
	line int
}

type pabulibParser struct {
	out    pabulib
	csv    *csv.Reader
	line   int // of the record being read
	end    bool
	meta   map[string]metaValue
	known  map[string]bool // project ids
	voters map[string]bool
}

func (p *pabulibParser) parse(data []byte) error {
	if !utf8.Valid(data) {
		for n := 0; n < len(data); {
			r, size := utf8.DecodeRune(data[n:])
			if r == utf8.RuneError && size == 1 {
				break
			}
			if r == '\n' {
				p.line++
			}
			n += size
		}
		return errors.New("not valid UTF-8")
	}
	p.csv = csv.NewReader(bytes.NewReader(data))
	p.csv.Comma = ';'
	p.csv.FieldsPerRecord = -1
	p.csv.TrimLeadingSpace = true

	first, err := p.next()
	if err != nil {
		return err
	}
	if p.end || !isTitle(first, "META") {
		return errors.New("section META is missing")
	}
	if err := p.section("PROJECTS", []string{"key", "value"}, p.metaRow); err != nil {
		return err
	}
	if err := p.checkMeta(); err != nil {
		return err
	}
	if err := p.section("VOTES", []string{"project_id"}, p.projectRow); err != nil {
		return err
	}
	if err := p.checkCount("num_projects", len(p.out.Projects)); err != nil {
		return err
	}
	columns := []string{"voter_id", "vote"}
	if p.out.VoteType == cumulativeVote {
		columns = append(columns, "points")
	}
	if err := p.section("", columns, p.voteRow); err != nil {
		return err
	}
	return p.checkCount("num_votes", len(p.out.Votes))
}

// next returns the fields of the next record without the blanks around them.
func (p *pabulibParser) next() ([]string, error) {
	record, err := p.csv.Read()
	if err == io.EOF {
		p.end = true
		return nil, nil
	}
	var bad *csv.ParseError
	if errors.As(err, &bad) {
		p.line = bad.Line
		if errors.Is(bad.Err, csv.ErrQuote) {
			p.line = bad.StartLine // a quote left open swallows the rest of the file
		}
		return nil, bad.Err
	}
	if err != nil {
		return nil, err
	}
	p.line, _ = p.csv.FieldPos(0)
	for i := range record {
		record[i] = strings.TrimSpace(record[i])
	}
	return record, nil
}

func isTitle(record []string, title string) bool { return len(record) == 1 && record[0] == title }

// section reads a line of column names and then rows, until the title line
// of the section that follows, or the end of the file if following is empty.
func (p *pabulibParser) section(following string, required []string, row func(map[string]string) error) error {
	columns, err := p.next()
	if err != nil {
		return err
	}
	for _, c := range required {
		if !slices.Contains(columns, c) {
			return fmt.Errorf("column %s is missing", c)
		}
	}
	for i, c := range columns {
		if slices.Contains(columns[:i], c) {
			return fmt.Errorf("column %q stands twice", c)
		}
	}
	for {
		record, err := p.next()
		if err != nil {
			return err
		}
		if p.end && following != "" {
			return fmt.Errorf("section %s is missing", following)
		}
		if p.end || (following != "" && isTitle(record, following)) {
			return nil
		}
		if len(record) != len(columns) {
			return fmt.Errorf("%d fields where the section has %d columns", len(record), len(columns))
		}
		fields := make(map[string]string, len(columns))
		for i, c := range columns {
			fields[c] = record[i]
		}
		if err := row(fields); err != nil {
			return err
		}
	}
}

func (p *pabulibParser) metaRow(f map[string]string) error {
	if _, ok := p.meta[f["key"]]; ok {
		return fmt.Errorf("key %q stands twice", f["key"])
	}
	p.meta[f["key"]] = metaValue{f["value"], p.line}
	return nil
}

// unheldRules are keys of META that state a rule for votes which the contest
// made of the file would not enforce.
var unheldRules = []string{
	"min_points", "max_points", "min_sum_points", "min_sum_cost", "max_sum_cost", "default_score", "scoring_fn",
}

func (p *pabulibParser) checkMeta() error {
	for _, key := range unheldRules {
		if v, ok := p.meta[key]; ok {
			p.line = v.line
			return fmt.Errorf("%s: votes under this rule are not supported", key)
		}
	}
	if p.out.Title = title(p.meta["description"].text); p.out.Title == "" {
		p.out.Title = "Participatory budget"
	}
	vt, ok := p.meta["vote_type"]
	if !ok {
		return errors.New("key vote_type is missing")
	}
	p.line = vt.line
	switch vt.text {
	case approvalVote, cumulativeVote, ordinalVote:
		p.out.VoteType = vt.text
	default:
		return fmt.Errorf("vote_type %q is not one of %s, %s, %s", vt.text, approvalVote, cumulativeVote, ordinalVote)
	}
	projects, err := p.metaNumber("num_projects", -1)
	if err != nil {
		return err
	}
	if _, err := p.metaNumber("num_votes", -1); err != nil {
		return err
	}
	if p.out.MaxSum, err = p.metaNumber("max_sum_points", 0); err != nil {
		return err
	}
	if p.out.MinLength, err = p.metaNumber("min_length", 1); err != nil {
		return err
	}
	if p.out.MaxLength, err = p.metaNumber("max_length", projects); err != nil {
		return err
	}
	p.out.MaxLength = min(p.out.MaxLength, projects)
	if p.out.MinLength > p.out.MaxLength {
		p.line = p.meta["min_length"].line
		return fmt.Errorf("min_length %d exceeds the %d projects that a vote can name", p.out.MinLength, p.out.MaxLength)
	}
	return nil
}

// metaNumber returns a number of META, which is positive, or fallback where
// the key is absent; without a fallback the key is required.
func (p *pabulibParser) metaNumber(key string, fallback int) (int, error) {
	v, ok := p.meta[key]
	if !ok && fallback < 0 {
		return 0, fmt.Errorf("key %s is missing", key)
	}
	if !ok {
		return fallback, nil
	}
	p.line = v.line
	n, err := number(v.text)
	if err == nil && n == 0 {
		err = errors.New("0 is not allowed")
	}
	if err != nil {
		return 0, fmt.Errorf("%s: %w", key, err)
	}
	return n, nil
}

func (p *pabulibParser) checkCount(key string, got int) error {
	want, err := p.metaNumber(key, -1)
	if err == nil && want != got {
		err = fmt.Errorf("%s is %d, but the file has %d", key, want, got)
	}
	return err
}

// usualID is what a manifest accepts as the id of an option.
var usualID = regexp.MustCompile(`^[0-9A-Za-z]([0-9A-Za-z._/-]{0,62}[0-9A-Za-z])?$`)

func (p *pabulibParser) projectRow(f map[string]string) error {
	pr := project{ID: f["project_id"], Name: title(f["name"]), FileVotes: -1, FileScore: -1}
	switch {
	case pr.ID == "":
		return errors.New("project without project_id")
	case !usualID.MatchString(pr.ID):
		return fmt.Errorf("project_id %q is not at most 64 ASCII letters and digits with - _ . / between them", pr.ID)
	case slices.ContainsFunc(p.out.Projects, func(o project) bool { return strings.EqualFold(o.ID, pr.ID) }):
		return fmt.Errorf("project %q stands twice", pr.ID)
	}
	for column, to := range map[string]*int{"votes": &pr.FileVotes, "score": &pr.FileScore} {
		if f[column] == "" {
			continue
		}
		n, err := number(f[column])
		if err != nil {
			return fmt.Errorf("%s of project %q: %w", column, pr.ID, err)
		}
		*to = n
	}
	if pr.Name == "" {
		pr.Name = pr.ID
	}
	p.known[pr.ID] = true
	p.out.Projects = append(p.out.Projects, pr)
	return nil
}

func (p *pabulibParser) voteRow(f map[string]string) error {
	voter := f["voter_id"]
	if voter == "" {
		return errors.New("vote without voter_id")
	}
	if p.voters[voter] {
		return fmt.Errorf("voter %q stands twice", voter)
	}
	p.voters[voter] = true
	ids, points := list(f["vote"]), list(f["points"])
	if len(ids) < p.out.MinLength || len(ids) > p.out.MaxLength {
		return fmt.Errorf("vote names %d projects, not %d to %d", len(ids), p.out.MinLength, p.out.MaxLength)
	}
	if p.out.VoteType == approvalVote && len(points) > 0 {
		return errors.New("points in an approval vote")
	}
	if len(points) != len(ids) && (p.out.VoteType == cumulativeVote || len(points) > 0) {
		return fmt.Errorf("%d projects but %d points", len(ids), len(points))
	}
	vote, err := p.vote(ids, points)
	if err != nil {
		return err
	}
	p.out.Votes = append(p.out.Votes, vote)
	return nil
}

func (p *pabulibParser) vote(ids, points []string) (pabulibVote, error) {
	vote, sum := make(pabulibVote, len(ids)), 0
	for i, id := range ids {
		if !p.known[id] {
			return nil, fmt.Errorf("unknown project %q", id)
		}
		if _, ok := vote[id]; ok {
			return nil, fmt.Errorf("project %q stands twice in one vote", id)
		}
		given := 1
		if len(points) > 0 {
			var err error
			if given, err = number(points[i]); err != nil {
				return nil, fmt.Errorf("points for project %q: %w", id, err)
			}
			if given == 0 {
				return nil, fmt.Errorf("points for project %q: 0 is not allowed", id)
			}
		}
		vote[id], sum = given, sum+given
		if p.out.VoteType == ordinalVote {
			if worth := p.out.MaxLength - i; len(points) > 0 && given != worth {
				return nil, fmt.Errorf("rank %d is worth %d points, not %d", i+1, worth, given)
			}
			vote[id] = i + 1
		}
	}
	if p.out.VoteType == cumulativeVote {
		if limit, ok := p.meta["max_sum_points"]; ok && sum > p.out.MaxSum {
			return nil, fmt.Errorf("%d points, but max_sum_points is %s", sum, limit.text)
		}
		p.out.MaxSum = max(p.out.MaxSum, sum)
	}
	return vote, nil
}

// list splits a comma-separated field; an empty field is an empty list.
func list(field string) []string {
	if field == "" {
		return nil
	}
	return strings.Split(field, ",")
}

// number reads a decimal integer written in the one usual way: digits only,
// no sign, no leading zero, at most nine digits.
func number(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 30)
	if err != nil || strconv.FormatUint(n, 10) != s {
		return 0, fmt.Errorf("%q is not a number from 0 to %d", s, 1<<30-1)
	}
	return int(n), nil
}

// title makes a text fit to stand in a manifest, which refuses what does not
// show and names of over 1,000 bytes: a run of blanks and control characters
// becomes one blank; format characters, variation selectors, and combining
// marks without a letter or with four before them are left out; what is over
// 200 characters is cut and ends in an ellipsis. Emoji stay.
func title(s string) string {
	const maxTitle, maxMarks, brailleBlank = 200, 4, '\u2800'
	s = norm.NFC.String(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r), r == brailleBlank:
			return ' '
		case !unicode.IsGraphic(r), unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
			return -1
		}
		return r
	}, s))
	var shown []rune
	marks := maxMarks // a mark must not come first
	for _, r := range s {
		if !unicode.In(r, unicode.Mn, unicode.Me) {
			marks = 0
		} else if marks++; marks > maxMarks {
			continue
		}
		if r != ' ' || (len(shown) > 0 && shown[len(shown)-1] != ' ') {
			shown = append(shown, r)
		}
	}
	if len(shown) > maxTitle {
		shown = append(shown[:maxTitle-1], '…')
	}
	return strings.TrimSpace(string(shown))
}
