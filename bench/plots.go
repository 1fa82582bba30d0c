package main

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
)

// plotFile is a plot.
type plotFile struct {
	file, title string
	svg         []byte
}

// series is a line of a plot.
type series struct {
	name   string
	points plotter.XYs
}

// slots is how large the kinds of ballots are.
var slots = map[string]float64{"1-of-2": 2, "1-of-5": 5, "5-of-20": 20, "30-slots": 30, "1-of-50": 50, "rank-10": 100}

// plots draws what was measured. All axes are logarithmic.
func (r *report) plots() (list []plotFile, err error) {
	draw := func(file, title, x, y string, lines []series) {
		if err != nil {
			return
		}
		var svg []byte
		if svg, err = drawLines(title, x, y, lines); svg != nil {
			list = append(list, plotFile{file, title, svg})
		}
	}
	draw("ballots.svg", "Verifying a ballot", "options on the ballot", "units a ballot", r.ballotSeries())
	draw("shuffles.svg", "A mix of width 1: shuffle and prove, or verify", "rows", "units a row", r.mixSeries())
	draw("sums.svg", "Sums of products", "points", "units a point", r.sumSeries())
	cost, memory := r.scaleSeries()
	draw("scale-cost.svg", "Processor time by size of the election", "voters", "µs a ballot", cost)
	draw("scale-memory.svg", "Memory by size of the election", "voters", "MiB at most", memory)
	return list, err
}

// attributes returns what stands in a name: of Sum/bits=128/n=10, bits and n.
func attributes(name string) map[string]string {
	a := make(map[string]string)
	for part := range strings.SplitSeq(name, "/") {
		if key, value, ok := strings.Cut(part, "="); ok {
			a[key] = value
		}
	}
	return a
}

// collect makes lines of the results: point returns the line's name and where
// on it a result stands, or an empty name. Points of one place are added up.
func (r *report) collect(point func(x *result, a map[string]string) (line string, at float64)) (lines []series) {
	index := make(map[string]int)
	for _, x := range r.Results {
		name, at := point(x, attributes(x.Name))
		if name == "" {
			continue
		}
		i, ok := index[name]
		if !ok {
			i, index[name] = len(lines), len(lines)
			lines = append(lines, series{name: name})
		}
		points := lines[i].points
		if n := len(points); n > 0 && points[n-1].X == at {
			points[n-1].Y += x.UnitsPerItem
		} else {
			lines[i].points = append(points, plotter.XY{X: at, Y: x.UnitsPerItem})
		}
	}
	for _, l := range lines {
		slices.SortStableFunc(l.points, func(a, b plotter.XY) int { return cmp.Compare(a.X, b.X) })
	}
	return lines
}

func (r *report) ballotSeries() []series {
	return r.collect(func(x *result, a map[string]string) (string, float64) {
		switch at := slots[a["ballot"]]; {
		case strings.HasPrefix(x.Name, "VerifyBatch/"):
			return "ours, together, " + a["group"], at
		case strings.HasPrefix(x.Name, "Verify/"):
			return "ours, one by one, " + a["group"], at
		case strings.HasPrefix(x.Name, "Classic/Verify/"):
			return "classic, " + a["group"], at
		}
		return "", 0
	})
}

func (r *report) mixSeries() []series {
	return r.collect(func(x *result, a map[string]string) (string, float64) {
		whose, step := "ours", "verify"
		if x.Item != "row" || a["w"] != "1" {
			return "", 0
		}
		if strings.HasPrefix(x.Name, "Neff/") {
			whose = "kyber's Neff"
		}
		if a["step"] != "verify" {
			step = "shuffle and prove"
		}
		return whose + ", " + step, float64(x.N)
	})
}

func (r *report) sumSeries() []series {
	return r.collect(func(x *result, a map[string]string) (string, float64) {
		if x.Item != "point" {
			return "", 0
		}
		return fmt.Sprintf("%s, %s bits", a["library"], a["bits"]), float64(x.N)
	})
}

func (r *report) scaleSeries() (cost, memory []series) {
	for _, p := range phases {
		c, m := series{name: p.name}, series{name: p.name}
		for _, x := range r.Scale {
			got := x.phase(p.name)
			c.points = append(c.points, plotter.XY{X: float64(x.Voters), Y: got.PerCPUNs / 1e3})
			m.points = append(m.points, plotter.XY{X: float64(x.Voters), Y: float64(got.PeakHeld) / (1 << 20)})
		}
		cost, memory = append(cost, c), append(memory, m)
	}
	return cost, memory
}

// drawLines returns a plot as SVG, or nothing if there are no points.
func drawLines(title, x, y string, lines []series) ([]byte, error) {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.LogTicks{Prec: -1}, plot.LogTicks{Prec: -1}
	p.Add(plotter.NewGrid())
	p.Legend.Top, p.Legend.Left, p.Legend.Padding = true, true, vg.Millimeter
	drawn := 0
	for _, s := range lines {
		points := s.points[:0:0]
		for _, at := range s.points {
			if at.X > 0 && at.Y > 0 { // others have no logarithm
				points = append(points, at)
			}
		}
		if len(points) == 0 {
			continue
		}
		line, marks, err := plotter.NewLinePoints(points)
		if err != nil {
			return nil, err
		}
		line.Color, marks.Color, marks.Shape = plotutil.Color(drawn), plotutil.Color(drawn), plotutil.Shape(drawn)
		p.Add(line, marks)
		p.Legend.Add(s.name, line, marks)
		drawn++
	}
	if drawn == 0 {
		return nil, nil
	}
	// Room above the lines for the legend, and around a single point.
	p.Y.Max *= 1 + float64(drawn)
	p.X.Min, p.X.Max = p.X.Min/1.1, p.X.Max*1.1
	p.Y.Min /= 1.1
	writer, err := p.WriterTo(22*vg.Centimeter, 14*vg.Centimeter, "svg")
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	_, err = writer.WriteTo(&b)
	return b.Bytes(), err
}
