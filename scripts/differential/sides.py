"""The two sides: RegoLite's `agentgate conformance` and OPA, each in processes of its own, a batch of cases at a time.

What crashes or hangs stands alone in the end; the rest keeps its answers.
"""
import importlib.machinery
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
import threading

# What one case may take alone, in seconds, on either side; and a batch of n on ours: that + n / 10.
PATIENCE = 10

NUMBER = "\u0000number"


def parse(text):
    """JSON with numbers as the text that stands there: 1e2 is not 100."""
    return json.loads(text, parse_int=lambda s: (NUMBER, s), parse_float=lambda s: (NUMBER, s),
                      parse_constant=lambda s: (NUMBER, s))


class Answer:
    """`rows`: the bindings of each result, in order; or `errors`: (module, row, code, message); or `fault`: crash or
    hang, with what is known of it."""

    def __init__(self, rows=None, errors=None, fault=None):
        self.rows, self.errors, self.fault = rows, errors, fault

    @property
    def codes(self):
        return {e[2] for e in self.errors}

    def describe(self):
        if self.fault:
            return self.fault
        if self.errors is not None:
            return "\n".join(f"{'query' if e[0] is None else 'module ' + str(e[0])}:{e[1]}: {e[2]}: {e[3]}" for e in self.errors)
        return "undefined" if not self.rows else "\n".join(canonical(r) for r in self.rows)


def canonical(value):
    """JSON text of what `parse` gave, keys sorted."""
    if isinstance(value, tuple):
        return value[1]
    if isinstance(value, list):
        return "[" + ",".join(canonical(v) for v in value) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(json.dumps(k) + ":" + canonical(v) for k, v in sorted(value.items())) + "}"
    return json.dumps(value)


PLACE = re.compile(r"^(?:test-(\d+)\.rego:)?(\d+)(?::\d+)?: ((?:rego|eval)_\w+): (.*)$")
BARE = re.compile(r"(?:(?!test-).*?: )?((?:rego|eval)_\w+): (.*)$")


def errors_in(text):
    found = []
    for line in text.split("\n"):
        line = re.sub(r"^(bundle activation failed: )?(\d+ errors? occurred: ?)?", "", line)
        match = PLACE.match(line)
        if match:
            module, row, code, message = match.groups()
            found.append((None if module is None else int(module), int(row), code, message))
            continue
        # A line without a place, of an error that has none: but not the source that an error quotes.
        match = BARE.match(line)
        if match:
            found.append((None, 0, match[1], match[2]))
    return found or [(None, 0, "other", text[:200])]


def halving(run, cases):
    """Runs a batch; when it fails as a whole, its halves. `run` gives answers, or a fault as text."""
    if not cases:
        return []
    answers = run(cases)
    if not isinstance(answers, str):
        return answers
    if len(cases) == 1:
        return [Answer(fault=answers)]
    middle = len(cases) // 2
    return halving(run, cases[:middle]) + halving(run, cases[middle:])


class RegoLite:
    def __init__(self, binary):
        self.binary = os.path.abspath(binary)

    def ask(self, cases):
        return halving(self._run, cases)

    def _run(self, cases):
        with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False, encoding="utf-8") as file:
            file.write('{"cases": [\n')
            for index, case in enumerate(cases):
                given = "" if case["input"] is None else f', "input": {case["input"]}'
                file.write(("," if index else "") + f'{{"note": "{index}", "strict_error": true, '
                           f'"modules": {json.dumps(case["modules"])}, "query": {json.dumps(case["query"])}, '
                           f'"data": {case["data"]}{given}}}\n')
            file.write("]}")
        try:
            done = subprocess.run([self.binary, "conformance", "--format", "json", file.name], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, timeout=PATIENCE + len(cases) / 10, check=False)
        except subprocess.TimeoutExpired:
            return "hang"
        finally:
            os.unlink(file.name)
        lines = done.stdout.decode("utf-8", "surrogateescape").split("\n")
        if done.returncode not in (0, 1) or len(lines) != len(cases) + 1:
            return f"crash (exit code {done.returncode}): {done.stderr.decode('utf-8', 'replace')[-600:]}"
        return [self._answer(json.loads(line)["got"]) for line in lines[:-1]]

    @staticmethod
    def _answer(got):
        if got.startswith("["):
            return Answer(rows=parse(got))
        return Answer(errors=errors_in(got))


class OPA:
    """Keeps its process between batches: OPA's library takes longer to load than to answer."""

    def __init__(self, oracle):
        self.oracle = os.path.abspath(oracle)
        self.process = None

    def ask(self, cases):
        answers = []
        while len(answers) < len(cases):
            got, fault = self._run(cases[len(answers):])
            answers += got
            if fault:
                answers.append(Answer(fault=fault))
        return answers

    def ask_at_once(self, cases):
        """The answers; none when a case hangs or crashes."""
        answers, fault = self._run(cases)
        return None if fault else answers

    def close(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process.stdin.close()
            self.process.stdout.close()
            self.process = None

    def _run(self, cases):
        """The answers up to the first case that hangs or crashes, and what that one does."""
        if self.process is None:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "differential.sides", self.oracle], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, cwd=os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        answers = []
        for case in cases:
            overdue = threading.Event()

            def stop(process=self.process, overdue=overdue):
                overdue.set()
                process.kill()

            timer = threading.Timer(PATIENCE, stop)
            timer.start()
            line = b""
            try:
                self.process.stdin.write(json.dumps(case).encode() + b"\n")
                self.process.stdin.flush()
                line = self.process.stdout.readline()
            except BrokenPipeError:
                pass
            finally:
                timer.cancel()
            if not line.endswith(b"\n"):
                self.close()
                return answers, "hang" if overdue.is_set() else "crash"
            answers.append(self._answer(parse(line.decode("utf-8", "surrogateescape"))))
        return answers, None

    @staticmethod
    def _answer(reply):
        error = reply.get("error")
        if error:
            return Answer(errors=errors_in(error["message"]))
        return Answer(rows=[row.get("bindings") or {} for row in reply.get("result") or []])


def serve(oracle_path):
    """Answers cases on standard input, a line each, with OPA's own replies: the bytes as they come, so that numbers
    keep their spelling. OPA's library stays in this process."""
    loader = importlib.machinery.SourceFileLoader("opa_oracle", oracle_path)
    spec = importlib.util.spec_from_loader("opa_oracle", loader)
    oracle = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode = True
    loader.exec_module(oracle)
    lib = oracle.library()
    for line in sys.stdin.buffer:
        case = json.loads(line)
        with oracle.Engine(lib) as engine:
            reply = None
            parse_errors = []
            for number, module in enumerate(case["modules"]):
                got = engine.take(lib.OpaAddPolicy(engine.handle, f"test-{number}.rego".encode(), module.encode()))
                error = json.loads(got).get("error")
                if error:
                    parse_errors.append(error["message"])
            if parse_errors:
                reply = json.dumps({"error": {"code": "parse_error", "message": "\n".join(parse_errors)}}).encode()
            if reply is None:
                got = engine.take(lib.OpaAddData(engine.handle, b"", case["data"].encode()))
                if b'"error"' in got:
                    reply = got
            if reply is None:
                given = b"" if case["input"] is None else case["input"].encode()
                reply = engine.take(lib.OpaEvalQuery(engine.handle, case["query"].encode(), given, 0, 0))
            sys.stdout.buffer.write(reply.strip() + b"\n")
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    serve(sys.argv[1])
