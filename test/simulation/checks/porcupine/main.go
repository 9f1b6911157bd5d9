// Command porcupine judges histories of a register: one JSON array of operations a line on standard
// input, true (linearizable) or false a line on standard output.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"math"
	"os"

	"github.com/anishathalye/porcupine"
)

// An operation without a return has neither ReturnedAt nor Output.
type operation struct {
	Input struct {
		Type string `json:"type"`
	} `json:"input"`
	CalledAt   int64  `json:"calledAt"`
	ReturnedAt *int64 `json:"returnedAt"`
	Output     *int   `json:"output"`
}

// The register of models.ts: it begins at 0, an add adds 1, the output is its value afterwards.
var register = porcupine.Model{
	Init: func() any { return 0 },
	Step: func(state, input, output any) (bool, any) {
		after := state.(int)
		if input.(string) == "add" {
			after++
		}
		seen := output.(*int)
		return seen == nil || *seen == after, after
	},
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var operations []operation
		if err := json.Unmarshal(lines.Bytes(), &operations); err != nil {
			log.Fatal(err)
		}
		history := make([]porcupine.Operation, len(operations))
		for i, each := range operations {
			end := int64(math.MaxInt64)
			if each.ReturnedAt != nil {
				end = *each.ReturnedAt
			}
			history[i] = porcupine.Operation{
				ClientId: i, Input: each.Input.Type, Call: each.CalledAt, Output: each.Output, Return: end,
			}
		}
		fmt.Println(porcupine.CheckOperations(register, history))
	}
	if err := lines.Err(); err != nil {
		log.Fatal(err)
	}
}
