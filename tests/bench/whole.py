#!/usr/bin/env python3
"""Whole commands of dver beside the tools that people use now, timed in one run.

    cargo build --release
    python3 tests/bench/whole.py                     # a table of 100 MB, 10,000 small files, 100 commits
    python3 tests/bench/whole.py --megabytes 600 --files 100000 --runs 3
    python3 tests/bench/whole.py --table v1.csv v2.csv --only table

Needs Python 3.9 and nothing else. cp, b3sum, zstd, git, git-lfs, dvc and restic take part where
they are on PATH. Prints one table a workload: wall seconds, CPU seconds (user and system, all
children), peak memory of the largest process (mapped files included), bytes that the store grew
by; and each as a ratio to dver's. Numbers are medians of --runs; tools take turns, so that a machine that slows down
slows all. Everything is written below --dir (default: a temporary directory) and removed.
"""
import argparse, os, random, shutil, statistics, subprocess, sys, tempfile, time
from pathlib import Path

HERE = Path(__file__).resolve().parent
LABELS = ["neutral", "positive", "negative", "joy", "anger", "sadness", "surprise", "fear"]
WORDS = ["river", "stone", "quiet", "amber", "winter", "copper", "meadow", "signal", "harbor",
         "velvet", "ladder", "north", "garden", "lantern", "orchard", "pebble", "thunder", "willow"]
SMALL = 100_000  # records of the table that is committed a hundred times


def measure(command, cwd, env):
    """Runs a shell command; returns (wall s, CPU s, peak MB)."""
    os.sync()  # what was written before must not be what a command waits for
    start = time.monotonic()
    child = subprocess.Popen(["sh", "-c", command], cwd=cwd, env=env,
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE)
    told = child.stderr.read()
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - start
    if child.returncode != 0:
        sys.exit(f"`{command}` failed: {told.decode(errors='replace')[-500:]}")
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def size(path):
    """Returns the bytes of all files below a path."""
    return sum(f.stat().st_size for f in Path(path).rglob("*") if f.is_file() and not f.is_symlink())


class Tool:
    """A version-control tool: shell commands in a work directory that is new for each run."""
    def __init__(self, name, needs, init, commit, status, checkout, store):
        self.name, self.needs, self.store = name, needs, store
        self.init, self.commit, self.status, self.checkout = init, commit, status, checkout

    def is_there(self):
        return all(shutil.which(need) for need in self.needs)


TOOLS = [
    Tool("dver", ["dver"], "dver init -q", "dver add -A && dver commit -q -m v{n}", "dver status",
         "dver checkout -q HEAD~1", ".dver"),
    Tool("git", ["git"], "git init -q", "git add -A && git commit -q -m v{n}", "git status --porcelain",
         "git checkout -q HEAD~1", ".git"),
    Tool("git-lfs", ["git", "git-lfs"], "git init -q && git lfs install --local && git lfs track '*.csv' '*.bin'",
         "git add -A && git commit -q -m v{n}", "git status --porcelain", "git checkout -q HEAD~1", ".git"),
    Tool("dvc", ["git", "dvc"], "git init -q && dvc init -q && git commit -q -m init",
         "dvc add -q data && git add -A && git commit -q -m v{n}", "dvc status -q",
         "git checkout -q HEAD~1 && dvc checkout -q -f", ".dvc"),
    Tool("restic", ["restic"], "restic init -q -r ../restic", "restic -q -r ../restic backup .",
         "restic -q -r ../restic backup --dry-run .", None, "../restic"),
]


def environment(home, dver):
    keep = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    home.mkdir(parents=True, exist_ok=True)
    (home / ".gitconfig").write_text("[user]\n name=b\n email=b@example.org\n[gc]\n auto=0\n"
                                     "[advice]\n detachedHead=false\n[init]\n defaultBranch=main\n")
    return {**keep, "HOME": str(home), "PATH": f"{dver.parent}:{keep.get('PATH', '')}",
            "RESTIC_PASSWORD": "x", "DVC_NO_ANALYTICS": "1", "DVER_AUTHOR": "b <b@example.org>"}


def table(path, records, edits, seed=7):
    """Writes a table of records; the labels of `edits` of them differ from those of no edits."""
    rng, chosen = random.Random(seed), set(random.Random(11).sample(range(records), edits))
    with open(path, "w", buffering=1 << 20) as out:
        out.write("id,text,score,annotator,split,label\n")
        for n in range(records):
            text = " ".join(rng.choices(WORDS, k=rng.randint(6, 13)))
            if n % 20 == 0:
                text = f'"{text}, and more"'
            label = rng.randrange(8)
            if n in chosen:
                label = (label + 1) % 8
            split = "test" if rng.random() < 0.1 else "train"
            out.write(f"{1000000 + 10 * n},{text},{rng.random():.4f},ann{rng.randrange(20)},{split},{LABELS[label]}\n")


def files(root, count):
    """Writes small files of random bytes in a hundred directories."""
    rng = random.Random(5)
    for n in range(count):
        place = root / f"class_{n % 100:03}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"img_{n:06}.bin").write_bytes(rng.randbytes(rng.randint(2048, 6144)))


def edit_files(root, count):
    """Moves, changes, adds and deletes one file in a thousand each."""
    some = max(1, count // 1000)
    found = sorted(root.rglob("*.bin"))
    for n, path in enumerate(found[::len(found) // (3 * some)][:3 * some]):
        if n % 3 == 0:
            path.rename(root / f"class_{(n + 7) % 100:03}" / f"moved_{path.name}")
        elif n % 3 == 1:
            path.write_bytes(path.read_bytes()[:-1] + b"!")
        else:
            path.unlink()
    for n in range(some):
        (root / "class_000" / f"new_{n}.bin").write_bytes(random.Random(n).randbytes(4000))


def install(source, target):
    """Puts a file or directory in place of another, as a program that saves it does."""
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
    else:
        shutil.copyfile(source, target)


def fresh(args, tool, env):
    """Returns a work directory with a new repository and nothing else."""
    for name in ("work", "restic"):
        shutil.rmtree(args.dir / name, ignore_errors=True)
    work = args.dir / "work"
    work.mkdir()
    measure(tool.init, work, env)
    return work


def run(args, env, name, first, second, floors, results):
    """One round of a workload: every tool from an empty directory to two versions and back."""
    for label, command in floors:
        if shutil.which(command.split()[0]):
            results.setdefault((label, "first"), []).append((*measure(command, args.dir, env), 0))
    for tool in args.tools:
        work = fresh(args, tool, env)
        data = work / "data"
        if first.is_file() and tool.name != "dvc":
            data = work / "data.csv"
        install(first, data)

        def step(what, command):
            before = size(work / tool.store)
            used = measure(command, work, env)
            results.setdefault((tool.name, what), []).append((*used, size(work / tool.store) - before))

        step("first", tool.commit.format(n=1))
        step("status", tool.status)
        second(data)
        step("second", tool.commit.format(n=2))
        if tool.checkout:
            step("checkout", tool.checkout)


def history(args, env, results):
    """A hundred commits of fifty labels each."""
    for tool in args.tools:
        work = fresh(args, tool, env)
        lines = (args.dir / "small.csv").read_text().split("\n")
        name = "data" if tool.name == "dvc" else "data.csv"
        rng, used = random.Random(3), []
        for n in range(args.commits + 1):
            for at in rng.sample(range(1, SMALL), 50 if n else 0):
                lines[at] = lines[at].rsplit(",", 1)[0] + "," + rng.choice(LABELS)
            (work / name).write_text("\n".join(lines))
            used.append(measure(tool.commit.format(n=n), work, env))
        grown = size(work / tool.store)
        total = [sum(u[0] for u in used[1:]), sum(u[1] for u in used[1:]), max(u[2] for u in used)]
        results.setdefault((tool.name, f"{args.commits} commits"), []).append((*total, grown))
        last = [sum(u[k] for u in used[-10:]) for k in (0, 1)]
        results.setdefault((tool.name, "last 10"), []).append((*last, total[2], 0))


def report(title, results):
    print(f"\n## {title}\n\n| step | tool | wall s | CPU s | peak MB | grew MB | wall, CPU : dver |")
    print("|---|---|---|---|---|---|---|")
    steps = list(dict.fromkeys(step for _, step in results))
    for step in steps:
        medians = {tool: [statistics.median(r[k] for r in runs) for k in range(4)]
                   for (tool, s), runs in results.items() if s == step}
        own = medians["dver"]
        for tool, (wall, cpu, peak, grew) in medians.items():
            ratio = f"{wall / own[0]:.2f}, {cpu / max(own[1], 0.001):.2f}"
            print(f"| {step} | {tool} | {wall:.3f} | {cpu:.3f} | {peak:.0f} | {grew / 1e6:.2f} | {ratio} |")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dver", type=Path, default=HERE.parent.parent / "target/release/dver")
    parser.add_argument("--megabytes", type=int, default=100, help="size of the table")
    parser.add_argument("--table", type=Path, nargs=2, help="two versions of a table, instead of made ones")
    parser.add_argument("--files", type=int, default=10_000, help="how many small files")
    parser.add_argument("--commits", type=int, default=100, help="length of the history")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--only", choices=["table", "files", "history"])
    parser.add_argument("--without", default="", help="tools to leave out, with commas")
    parser.add_argument("--dir", type=Path, help="where to work: a file system with room")
    args = parser.parse_args()
    if not args.dver.is_file():
        sys.exit(f"{args.dver} is missing: run `cargo build --release`")
    args.dir = Path(tempfile.mkdtemp(prefix="dver-bench-", dir=args.dir))
    env = environment(args.dir / "home", args.dver.resolve())
    os.environ["PATH"] = env["PATH"]
    left_out = args.without.split(",")
    args.tools = [tool for tool in TOOLS if tool.is_there() and tool.name not in left_out]
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; medians of {args.runs}")
    try:
        if args.only in (None, "table"):
            one, two = args.table or (args.dir / "v1.csv", args.dir / "v2.csv")
            if not args.table:
                records = args.megabytes * 1_000_000 // 118
                table(one, records, 0)
                table(two, records, records // 1000)
            one, two = one.resolve(), two.resolve()
            floors = [("cp", f"cp {one} copy"), ("b3sum", f"b3sum --num-threads 1 {one}"),
                      ("zstd -1 -T2", f"zstd -1 -T2 -q -f {one} -o copy")]
            results = {}
            for _ in range(args.runs):
                run(args, env, "table", one, lambda data: install(two, data), floors, results)
            (args.dir / "copy").unlink(missing_ok=True)
            report(f"A table of {one.stat().st_size / 1e6:.0f} MB; second version: 0.1 % of the labels", results)
        if args.only in (None, "files"):
            source = args.dir / "files"
            files(source, args.files)
            floors = [("cp -r", f"cp -r {source} copies"), ("cat", f"find {source} -type f -exec cat {{}} +")]
            results = {}
            for _ in range(args.runs):
                shutil.rmtree(args.dir / "copies", ignore_errors=True)
                run(args, env, "files", source, lambda data: edit_files(data, args.files), floors, results)
            shutil.rmtree(args.dir / "copies", ignore_errors=True)
            report(f"{args.files} files of 2 to 6 KB; second version: 0.1 % moved, changed, deleted, added", results)
        if args.only in (None, "history"):
            table(args.dir / "small.csv", SMALL, 0)
            results = {}
            history(args, env, results)
            report(f"{args.commits} commits of 50 labels in a table of {SMALL} records", results)
    finally:
        shutil.rmtree(args.dir, ignore_errors=True)


if __name__ == "__main__":
    main()
