package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"slices"
	"sort"
	"strings"
)

// branch is a condition on which a function returns an error.
type branch struct {
	number    int
	file      string // within the module
	line      int
	in        string // the function
	condition string
}

func (b branch) String() string {
	return fmt.Sprintf("%s:%d: %s: if %s", b.file, b.line, b.in, b.condition)
}

// key names the branch without its line.
func (b branch) key() string { return fmt.Sprintf("%s: %s: %s", b.file, b.in, b.condition) }

// keeper is the function that every condition is joined with. It takes out one
// branch, and tells which ones were taken.
const keeper = `package %s

import (
	"fmt"
	"os"
	"sync/atomic"
)

var (
	keptSeen    [%d]atomic.Bool
	keptDeleted = os.Getenv("MUTATE_DELETED")
	keptReached = os.Getenv("MUTATE_REACHED")
)

func keptByMutate(k int) bool {
	if keptReached != "" && !keptSeen[k].Swap(true) {
		if f, err := os.OpenFile(keptReached, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644); err == nil {
			fmt.Fprintln(f, k)
			f.Close()
		}
	}
	return keptDeleted == "" || keptDeleted != fmt.Sprint(k)
}
`

// instrument finds the rejecting branches of a file and joins each condition
// with the keeper's. first is the number of the first of them.
func instrument(name string, src []byte, first int) (out []byte, found []branch, err error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, name, src, parser.SkipObjectResolution)
	if err != nil {
		return nil, nil, err
	}
	type edit struct {
		at   int
		text string
	}
	var edits []edit
	note := func(in string, after ast.Stmt, conditions ...ast.Expr) {
		k := first + len(found)
		b := branch{number: k, file: name, line: fset.Position(conditions[0].Pos()).Line, in: in}
		if after != nil {
			b.condition = oneLine(fset, after) + "; "
		}
		for i, c := range conditions {
			edits = append(edits, edit{fset.Position(c.Pos()).Offset, "("}, edit{fset.Position(c.End()).Offset, fmt.Sprintf(") && keptByMutate(%d)", k)})
			if i > 0 {
				b.condition += ", "
			}
			b.condition += oneLine(fset, c)
		}
		found = append(found, b)
	}
	before := make(map[*ast.IfStmt]ast.Stmt) // what gives a condition its err
	var visit func(in string, returns bool, n ast.Node)
	visit = func(in string, returns bool, n ast.Node) {
		ast.Inspect(n, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncLit:
				visit(in, returnsError(n.Type), n.Body)
				return false
			case *ast.BlockStmt:
				previous(n.List, before)
			case *ast.CaseClause:
				previous(n.Body, before)
			case *ast.IfStmt:
				if n.Init != nil {
					before[n] = n.Init
				}
				if rejects(n.Body.List, returns) {
					note(in, before[n], n.Cond)
				}
			case *ast.SwitchStmt:
				for _, s := range n.Body.List {
					if c := s.(*ast.CaseClause); n.Tag == nil && c.List != nil && rejects(c.Body, returns) {
						note(in, nil, c.List...)
					}
				}
			}
			return true
		})
	}
	for _, d := range f.Decls {
		if d, ok := d.(*ast.FuncDecl); ok && d.Body != nil {
			visit(d.Name.Name, returnsError(d.Type), d.Body)
		}
	}
	sort.SliceStable(edits, func(i, j int) bool { return edits[i].at < edits[j].at })
	at := 0
	for _, e := range edits {
		out = append(append(out, src[at:e.at]...), e.text...)
		at = e.at
	}
	return append(out, src[at:]...), found, nil
}

// previous notes, for each if on an err, the assignment in front of it.
func previous(list []ast.Stmt, before map[*ast.IfStmt]ast.Stmt) {
	for i := 1; i < len(list); i++ {
		n, ok := list[i].(*ast.IfStmt)
		a, assigns := list[i-1].(*ast.AssignStmt)
		if !ok || !assigns {
			continue
		}
		if last, ok := a.Lhs[len(a.Lhs)-1].(*ast.Ident); ok && last.Name == "err" {
			before[n] = a
		}
	}
}

// returnsError reports whether the last result of a function is an error.
func returnsError(t *ast.FuncType) bool {
	if t.Results == nil {
		return false
	}
	last, ok := t.Results.List[len(t.Results.List)-1].Type.(*ast.Ident)
	return ok && last.Name == "error"
}

// rejects reports whether a body ends by returning an error, or by letting a
// reader of package wire fail.
func rejects(body []ast.Stmt, returns bool) bool {
	if len(body) == 0 {
		return false
	}
	if slices.ContainsFunc(body, fails) {
		return true
	}
	last, ok := body[len(body)-1].(*ast.ReturnStmt)
	if !ok || !returns || len(last.Results) == 0 {
		return false
	}
	id, ok := last.Results[len(last.Results)-1].(*ast.Ident)
	return !ok || id.Name != "nil"
}

// fails reports whether a statement lets a reader fail.
func fails(s ast.Stmt) bool {
	x, ok := s.(*ast.ExprStmt)
	if !ok {
		return false
	}
	call, ok := x.X.(*ast.CallExpr)
	if !ok {
		return false
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	return ok && slices.Contains([]string{"Fail", "fail", "short"}, sel.Sel.Name)
}

func oneLine(fset *token.FileSet, n ast.Node) string {
	var b bytes.Buffer
	if err := printer.Fprint(&b, fset, n); err != nil {
		return err.Error()
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
