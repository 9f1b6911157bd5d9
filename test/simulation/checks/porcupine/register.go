package main

import (
	"encoding/json"

	"github.com/anishathalye/porcupine"
)

// The register of machines/src/counter/model.ts: it begins at 0, an add adds 1, the output is its value afterwards.
var register = kind{
	model: func() porcupine.Model {
		return porcupine.Model{
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
	},
	parse: func(each operation) (any, any, error) {
		var input struct {
			Type string `json:"type"`
		}
		if err := json.Unmarshal(each.Input, &input); err != nil {
			return nil, nil, err
		}
		output, err := parseOutput[int](each)
		return input.Type, output, err
	},
}

// No output is nil.
func parseOutput[T any](each operation) (*T, error) {
	if each.Output == nil {
		return nil, nil
	}
	output := new(T)
	return output, json.Unmarshal(each.Output, output)
}
