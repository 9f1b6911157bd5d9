package main

import (
	"encoding/json"

	"github.com/anishathalye/porcupine"
)

// Operations and results of the chat log: see machines/src/chat-log/operations.ts.
type chatInput struct {
	Type  string `json:"type"`
	Text  string `json:"text"`
	From  int    `json:"from"`
	Limit int    `json:"limit"`
}

type chatOutput struct {
	Position int      `json:"position"`
	Existed  bool     `json:"existed"`
	Texts    []string `json:"texts"`
	Total    int      `json:"total"`
}

// A line is also the log that ends with it: equal logs are one line, the empty log is the root.
type line struct {
	text     string
	position int
	before   *line
	after    map[string]*line
}

// Every log that the search has come to.
type logs struct {
	root   *line
	byText map[string][]*line
}

var chatLog = kind{
	model: func() porcupine.Model {
		logs := logs{root: &line{position: -1}, byText: map[string][]*line{}}
		return porcupine.Model{
			Init: func() any { return logs.root },
			Step: func(state, input, output any) (bool, any) {
				last, asked, seen := state.(*line), input.(*chatInput), output.(*chatOutput)
				if asked.Type == "read" {
					return seen == nil || last.reads(asked, seen), last
				}
				found := logs.find(last, asked.Text)
				existed := found != nil
				if seen != nil && seen.Existed != existed {
					return false, last
				}
				if existed {
					return seen == nil || seen.Position == found.position, last
				}
				if seen != nil && seen.Position != last.position+1 {
					return false, last
				}
				return true, logs.append(last, asked.Text)
			},
		}
	},
	parse: func(each operation) (any, any, error) {
		input := new(chatInput)
		if err := json.Unmarshal(each.Input, input); err != nil {
			return nil, nil, err
		}
		output, err := parseOutput[chatOutput](each)
		return input, output, err
	},
}

func (last *line) at(position int) *line {
	for last.position > position {
		last = last.before
	}
	return last
}

// Whether a read of the log that ends here gives that page.
func (last *line) reads(asked *chatInput, seen *chatOutput) bool {
	total := last.position + 1
	end := max(asked.From, min(asked.From+asked.Limit, total))
	if seen.Total != total || len(seen.Texts) != end-asked.From {
		return false
	}
	each := last.at(end - 1)
	for i := len(seen.Texts) - 1; i >= 0; i-- {
		if each.text != seen.Texts[i] {
			return false
		}
		each = each.before
	}
	return true
}

// The line with that text, in the log that ends with `last`.
func (logs *logs) find(last *line, text string) *line {
	for _, each := range logs.byText[text] {
		if last.at(each.position) == each {
			return each
		}
	}
	return nil
}

func (logs *logs) append(last *line, text string) *line {
	if next, ok := last.after[text]; ok {
		return next
	}
	next := &line{text: text, position: last.position + 1, before: last}
	if last.after == nil {
		last.after = map[string]*line{}
	}
	last.after[text] = next
	logs.byText[text] = append(logs.byText[text], next)
	return next
}
