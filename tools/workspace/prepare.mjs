/**
 * Installs and builds what is missing, before `npm start` and `npm test`, and sets up the native library; nothing when
 * all is there. `native` is for `npm run setup:native`: it builds what sets up the native library, and leaves that to it;
 * `openclaw` builds the plugin and the set-up of a gateway, which compute nothing.
 * Plain JavaScript without packages: it runs on a machine that has only Node and npm.
 *
 * Usage: node tools/workspace/prepare.mjs start|test|native|openclaw
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const installedMark = path.join(root, 'node_modules', '.claas-installed');
const MINIMUM_NODE = [20, 19];

/** What is built for what. */
const PROJECTS = {
  start: ['apps/api', 'apps/trainer', 'apps/cli', 'tools/local-stack', 'tools/native-runtime'],
  test: ['tsconfig.json'],
  native: ['tools/native-runtime'],
  openclaw: ['integrations/openclaw'],
};

function say(text) {
  process.stderr.write(`claas: ${text}\n`);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const isEnough = major > MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor >= MINIMUM_NODE[1]);
  if (isEnough) return;
  say(
    `Node ${MINIMUM_NODE.join('.')} or newer is needed, this is ${process.versions.node}. Install it from your system or nodejs.org.`,
  );
  process.exit(1);
}

/** Runs a command; on a terminal the elapsed seconds count on one line, what it prints is shown only when it fails. */
async function run(title, command, args) {
  const started = Date.now();
  const seconds = () => `${((Date.now() - started) / 1000).toFixed(0)} s`;
  const child = spawn(command, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32',
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const onTerminal = process.stderr.isTTY;
  if (!onTerminal) say(`${title} …`);
  const ticker = onTerminal && setInterval(() => process.stderr.write(`\rclaas: ${title} … ${seconds()} `), 250);
  const code = await new Promise((resolve) => {
    child.on('error', (error) => {
      output += error.message;
      resolve(1);
    });
    child.on('close', resolve);
  });
  clearInterval(ticker);
  if (onTerminal) process.stderr.write('\r\x1b[K');
  if (code === 0) return say(`${title}: done in ${seconds()}`);
  process.stderr.write(output);
  say(`${title} failed (${command} ${args.join(' ')}). The output above says why.`);
  process.exit(1);
}

async function installPackages() {
  const lock = createHash('sha256')
    .update(readFileSync(path.join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(installedMark) && readFileSync(installedMark, 'utf8') === lock) return;
  await run('Installing packages (once, about 650 MB)', 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(installedMark, lock);
}

async function build(what) {
  const projects = PROJECTS[what];
  const compiler = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const isBuilt = projects.every((project) => existsSync(path.join(root, project, 'dist')));
  await run(isBuilt ? 'Checking the build' : 'Building', process.execPath, [compiler, '-b', ...projects]);
}

/** Shows its own progress and says itself what is lost without it; that is never a reason not to go on. */
async function setUpNativeLibrary() {
  const tool = path.join(root, 'tools', 'native-runtime', 'dist', 'main.js');
  const child = spawn(process.execPath, [tool, '--automatic', '--quiet'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code, signal] = await new Promise((resolve) => {
    child.on('error', (error) => {
      say(`The native library can't be set up: ${error.message}. Everything runs without it, on WebAssembly.`);
      resolve([0, null]);
    });
    child.on('close', (code, signal) => resolve([code, signal]));
  });
  if (code === 0) return;
  if (signal === 'SIGINT' || code === 130) process.exit(130);
  say(
    `Setting up the native library ended early (${signal ?? `exit code ${code}`}): \`npm run setup:native\` says why.`,
  );
}

const what = process.argv[2];
if (!Object.hasOwn(PROJECTS, what ?? '')) {
  say('Usage: node tools/workspace/prepare.mjs start|test|native|openclaw');
  process.exit(2);
}
checkNode();
await installPackages();
await build(what);
if (what === 'start' || what === 'test') await setUpNativeLibrary();
