// Verify checks log directories of Tokentrail without any code of Tokentrail: golang.org/x/mod/sumdb does the work.
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go run verify.go -key VKEY [-witness VKEY]... [-older NOTE]... [DIR]...
//
// Without DIR it reads them from standard input, one per line. One line of answer each; exit code 6 if any was refused.
package main

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type list []string

func (l *list) String() string     { return strings.Join(*l, " ") }
func (l *list) Set(v string) error { *l = append(*l, v); return nil }

func main() {
	var witnesses, older list
	key := flag.String("key", "", "verifier key of the log")
	flag.Var(&witnesses, "witness", "verifier key of a witness, each of which must have signed")
	flag.Var(&older, "older", "file of an older checkpoint, which the log must continue")
	flag.Parse()
	bad := 0
	check := func(dir string) {
		if said, err := verify(dir, *key, witnesses, older); err != nil {
			bad = 6
			fmt.Printf("BAD %s: %v\n", dir, err)
		} else {
			fmt.Printf("ok %s: %s\n", dir, said)
		}
	}
	for _, dir := range flag.Args() {
		check(dir)
	}
	for lines := bufio.NewScanner(os.Stdin); flag.NArg() == 0 && lines.Scan(); {
		check(lines.Text())
	}
	os.Exit(bad)
}

// verify makes the whole tree anew from the entries, 64 bytes for each. It does not use tlog.TileHashReader: in versions of
// x/mod that distributions still carry it leaves some tiles unauthenticated when parts of the tree hash share a tile.
func verify(dir, key string, witnesses, older list) (string, error) {
	tree, err := open(filepath.Join(dir, "checkpoint"), key, witnesses)
	if err != nil {
		return "", err
	}
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) (found []tlog.Hash, err error) {
		for _, index := range indexes {
			found = append(found, stored[index])
		}
		return found, nil
	})
	for first := int64(0); first < tree.N; first += 256 {
		entries, err := bundle(dir, first, min(256, tree.N-first))
		if err != nil {
			return "", err
		}
		for i, entry := range entries {
			hashes, err := tlog.StoredHashes(first+int64(i), entry, reader)
			if err != nil {
				return "", err
			}
			stored = append(stored, hashes...)
		}
	}
	for level := 0; tree.N>>(8*level) > 0; level++ {
		for hashes, n := tree.N>>(8*level), int64(0); n*256 < hashes; n++ {
			tile := tlog.Tile{H: 8, L: level, N: n, W: int(min(256, hashes-n*256))}
			want, err := tlog.ReadTileData(tile, reader)
			if err != nil {
				return "", err
			}
			if found, exact, err := files(dir).read(tile); err != nil || !bytes.HasPrefix(found, want) || exact && len(found) > len(want) {
				return "", fmt.Errorf("%s is not the tile of these entries: %v", tile.Path(), err)
			}
		}
	}
	root := tlog.Hash(sha256.Sum256(nil))
	if tree.N > 0 {
		root, err = tlog.TreeHash(tree.N, reader)
	}
	if err != nil || root != tree.Hash {
		return "", fmt.Errorf("the entries do not have the signed root: %v", err)
	}
	for _, path := range older {
		old, err := open(path, key, nil)
		if err != nil {
			return "", err
		}
		if old.N > tree.N {
			return "", fmt.Errorf("rolled back: %s knows %d entries, the log %d", path, old.N, tree.N)
		}
		if old.N == 0 {
			continue
		}
		proof, err := tlog.ProveTree(tree.N, old.N, reader)
		if err != nil || tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash) != nil {
			return "", fmt.Errorf("the log does not continue %s", path)
		}
	}
	return fmt.Sprintf("size %d, root %v, %d cosignatures, %d older checkpoints", tree.N, tree.Hash, len(witnesses), len(older)), nil
}

// bundle reads entries, each after its length.
func bundle(dir string, first, width int64) (entries [][]byte, err error) {
	data, exact, err := files(dir).read(tlog.Tile{H: 8, L: -1, N: first / 256, W: int(width)})
	if err != nil {
		return nil, err
	}
	for i := int64(0); i < width; i++ {
		if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
			return nil, fmt.Errorf("entry %d is cut off", first+i)
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		entries = append(entries, data[2:end])
		data = data[end:]
	}
	if len(data) > 0 && exact {
		return nil, fmt.Errorf("the bundle of entry %d holds more than its entries", first)
	}
	return entries, nil
}

// open reads a checkpoint: the log's key must have signed it under its own name, and every witness too.
func open(path, key string, witnesses list) (tree tlog.Tree, err error) {
	own, err := note.NewVerifier(key)
	if err != nil {
		return tree, err
	}
	known := []note.Verifier{own}
	for _, key := range witnesses {
		witness, err := cosigner(key)
		if err != nil {
			return tree, err
		}
		known = append(known, witness)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return tree, err
	}
	opened, err := note.Open(data, note.VerifierList(known...))
	if err != nil {
		return tree, fmt.Errorf("%s: %v", path, err)
	}
	for _, signature := range opened.Sigs { // one spelling only, or a changed bit would pass
		if _, err := base64.StdEncoding.Strict().DecodeString(signature.Base64); err != nil {
			return tree, fmt.Errorf("%s: %v", path, err)
		}
	}
	lines := strings.Split(opened.Text, "\n")
	if len(opened.Sigs) != len(known) || len(lines) != 4 || lines[0] != own.Name() {
		return tree, fmt.Errorf("%s: not a checkpoint of %s that all of the %d keys have signed", path, own.Name(), len(known))
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil || tree.N < 0 || strconv.FormatInt(tree.N, 10) != lines[1] {
		return tree, fmt.Errorf("%s: not a size: %q", path, lines[1])
	}
	tree.Hash, err = tlog.ParseHash(lines[2])
	return tree, err
}

// files are tiles below a directory. The library's tile/8/L/NNN is tile/L/NNN in C2SP, its data is entries.
type files string

// read falls back to the full tile: a partial one may have become full since. exact says that it did not.
func (f files) read(tile tlog.Tile) (data []byte, exact bool, err error) {
	path := strings.Replace(strings.Replace(tile.Path(), "tile/8/", "tile/", 1), "tile/data/", "tile/entries/", 1)
	data, err = os.ReadFile(filepath.Join(string(f), path))
	if at := strings.Index(path, ".p/"); at >= 0 && os.IsNotExist(err) {
		data, err = os.ReadFile(filepath.Join(string(f), path[:at]))
		return data, false, err
	}
	return data, true, err
}

// cosignature verifies tlog-cosignature v1 (type 0x04), which the library does not know.
type cosignature struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func cosigner(vkey string) (note.Verifier, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, fmt.Errorf("not a verifier key: %q", vkey)
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	sum := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	hash := binary.BigEndian.Uint32(sum[:])
	if err != nil || len(key) != 33 || key[0] != 4 || fmt.Sprintf("%08x", hash) != parts[1] {
		return nil, fmt.Errorf("not the verifier key of a witness: %q", vkey)
	}
	return cosignature{parts[0], hash, key[1:]}, nil
}

func (c cosignature) Name() string    { return c.name }
func (c cosignature) KeyHash() uint32 { return c.hash }
func (c cosignature) Verify(text, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	var signed bytes.Buffer
	fmt.Fprintf(&signed, "cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(sig), text)
	return ed25519.Verify(c.key, signed.Bytes(), sig[8:])
}

func min(a, b int64) int64 {
	if a < b {
		return a
	}
	return b
}
