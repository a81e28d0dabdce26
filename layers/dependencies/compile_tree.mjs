// Run compile_tree.py in the CPython that Pyodide brings: node compile_tree.mjs PYODIDE PROGRAM TREE INSTALLED_AT
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [pyodide, program, tree, installedAt] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(pyodide));
const python = await loadPyodide({ env: { PYTHONHASHSEED: "0" } });
python.mountNodeFS("/tree", tree);
python.globals.set("__name__", "compile_tree");
python.runPython(readFileSync(program, "utf8"));
process.exitCode = python.globals.get("main")("/tree", installedAt);
