// Command oracle answers, with Go's own sumdb/note and sumdb/tlog, what medsec-audit made and what it must accept.
//
// One JSON request a line on standard input, one JSON answer a line on standard output. It is a tool for tests.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A request names what to do; which fields it needs follows from that.
type request struct {
	Do    string
	Note  string
	Keys  []string
	Text  string
	Skey  string
	Index int64
	Old   int64
	Size  int64
	Leaf  tlog.Hash
	Root  tlog.Hash
	Older tlog.Hash
	Proof []tlog.Hash
	// Tiles by the path that C2SP gives them.
	Tiles map[string][]byte
	Lines []string
}

type answer struct {
	Error string            `json:"error,omitempty"`
	Text  string            `json:"text,omitempty"`
	Keys  []string          `json:"keys,omitempty"`
	Root  *tlog.Hash        `json:"root,omitempty"`
	Proof []tlog.Hash       `json:"proof,omitempty"`
	Tiles map[string][]byte `json:"tiles,omitempty"`
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 64<<20)
	out := json.NewEncoder(os.Stdout)
	for in.Scan() {
		var r request
		if err := json.Unmarshal(in.Bytes(), &r); err != nil {
			log.Fatal(err)
		}
		a, err := do(&r)
		if err != nil {
			a = answer{Error: err.Error()}
		}
		if err := out.Encode(a); err != nil {
			log.Fatal(err)
		}
	}
	if err := in.Err(); err != nil {
		log.Fatal(err)
	}
}

func do(r *request) (answer, error) {
	switch r.Do {
	case "open":
		return open(r)
	case "sign":
		return sign(r)
	case "check-record":
		return answer{}, tlog.CheckRecord(r.Proof, r.Size, r.Root, r.Index, r.Leaf)
	case "check-tree":
		return answer{}, tlog.CheckTree(r.Proof, r.Size, r.Root, r.Old, r.Older)
	case "prove-from-tiles":
		return prove(r)
	case "grow":
		return grow(r)
	}
	return answer{}, fmt.Errorf("unknown request %q", r.Do)
}

// open verifies a note with the keys given, as note.Open does.
func open(r *request) (answer, error) {
	var keys []note.Verifier
	for _, text := range r.Keys {
		key, err := note.NewVerifier(text)
		if err != nil {
			return answer{}, err
		}
		keys = append(keys, key)
	}
	n, err := note.Open([]byte(r.Note), note.VerifierList(keys...))
	if err != nil {
		return answer{}, err
	}
	a := answer{Text: n.Text}
	for _, sig := range n.Sigs {
		a.Keys = append(a.Keys, fmt.Sprintf("%s+%08x", sig.Name, sig.Hash))
	}
	return a, nil
}

func sign(r *request) (answer, error) {
	signer, err := note.NewSigner(r.Skey)
	if err != nil {
		return answer{}, err
	}
	signed, err := note.Sign(&note.Note{Text: r.Text}, signer)
	return answer{Text: string(signed)}, err
}

// Go's paths name the height of tiles, which is 8 in C2SP.
func path(t tlog.Tile) string {
	return "tile/" + t.Path()[len("tile/8/"):]
}

type tiles map[string][]byte

func (t tiles) Height() int { return 8 }

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range wanted {
		data, ok := t[path(tile)]
		if !ok {
			return nil, errors.New("no " + path(tile))
		}
		found = append(found, data)
	}
	return found, nil
}

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

// prove reads tiles, checks them against the root, and makes both proofs from them.
func prove(r *request) (answer, error) {
	reader := tlog.TileHashReader(tlog.Tree{N: r.Size, Hash: r.Root}, tiles(r.Tiles))
	record, err := tlog.ProveRecord(r.Size, r.Index, reader)
	if err != nil {
		return answer{}, err
	}
	tree, err := tlog.ProveTree(r.Size, r.Old, reader)
	return answer{Proof: append(append(tlog.RecordProof{}, record...), tree...)}, err
}

// grow makes root and tiles of a tree of these lines.
func grow(r *request) (answer, error) {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var found []tlog.Hash
		for _, index := range indexes {
			found = append(found, stored[index])
		}
		return found, nil
	})
	for n, line := range r.Lines {
		hashes, err := tlog.StoredHashes(int64(n), []byte(line), reader)
		if err != nil {
			return answer{}, err
		}
		stored = append(stored, hashes...)
	}
	size := int64(len(r.Lines))
	root, err := tlog.TreeHash(size, reader)
	if err != nil {
		return answer{}, err
	}
	a := answer{Root: &root, Tiles: map[string][]byte{}}
	for _, tile := range tlog.NewTiles(8, 0, size) {
		data, err := tlog.ReadTileData(tile, reader)
		if err != nil {
			return answer{}, err
		}
		a.Tiles[path(tile)] = data
	}
	return a, nil
}
