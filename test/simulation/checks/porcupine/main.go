// Command porcupine judges histories: one JSON object {model, operations} a line on standard input,
// one {verdict, operation} a line on standard output. The verdict is Ok, Illegal (not linearizable)
// or Unknown (the time was over); the operation is the one whose return nothing explains.
package main

import (
	"encoding/json"
	"flag"
	"log"
	"math"
	"os"
	"time"

	"github.com/anishathalye/porcupine"
)

type history struct {
	Model      string      `json:"model"`
	Operations []operation `json:"operations"`
}

// Without a return it may take effect at any later time; without an output, the output may be any.
type operation struct {
	Input      json.RawMessage `json:"input"`
	CalledAt   int64           `json:"calledAt"`
	ReturnedAt *int64          `json:"returnedAt"`
	Output     json.RawMessage `json:"output"`
}

type verdict struct {
	Verdict   porcupine.CheckResult `json:"verdict"`
	Operation *int                  `json:"operation,omitempty"`
}

// A kind of object: its model, and its operations as the model has them.
type kind struct {
	model func() porcupine.Model
	parse func(operation) (input, output any, err error)
}

var kinds = map[string]kind{"register": register, "chat-log": chatLog}

const never = math.MaxInt64

func main() {
	deadline := flag.Duration("deadline", time.Minute, "for each history")
	explain := flag.Bool("explain", false, "name the operation whose return nothing explains")
	flag.Parse()
	histories := json.NewDecoder(os.Stdin)
	answers := json.NewEncoder(os.Stdout)
	for histories.More() {
		var each history
		if err := histories.Decode(&each); err != nil {
			log.Fatal(err)
		}
		kind, ok := kinds[each.Model]
		if !ok {
			log.Fatalf("there is no model %q", each.Model)
		}
		operations := make([]porcupine.Operation, len(each.Operations))
		for i, each := range each.Operations {
			input, output, err := kind.parse(each)
			if err != nil {
				log.Fatalf("operation %d: %v", i, err)
			}
			end := int64(never)
			if each.ReturnedAt != nil {
				end = *each.ReturnedAt
			}
			operations[i] = porcupine.Operation{
				ClientId: i, Input: input, Call: each.CalledAt, Output: output, Return: end,
			}
		}
		found := verdict{Verdict: porcupine.CheckOperationsTimeout(kind.model(), operations, *deadline)}
		if found.Verdict == porcupine.Illegal && *explain {
			found.Operation = unexplained(kind, operations, *deadline)
		}
		if err := answers.Encode(found); err != nil {
			log.Fatal(err)
		}
	}
}

// The search came farthest up to the return of that operation: whatever it put before it.
func unexplained(kind kind, operations []porcupine.Operation, deadline time.Duration) *int {
	_, info := porcupine.CheckOperationsVerbose(kind.model(), operations, deadline)
	var farthest []porcupine.Operation
	for _, each := range info.PartialLinearizationsOperations()[0] {
		if len(each) > len(farthest) {
			farthest = each
		}
	}
	isPut := map[int]bool{}
	for _, each := range farthest {
		isPut[each.ClientId] = true
	}
	var first *int
	for i, each := range operations {
		if !isPut[i] && (first == nil || each.Return < operations[*first].Return) {
			first = &operations[i].ClientId
		}
	}
	return first
}
