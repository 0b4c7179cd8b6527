/* What a library might do: write to stdout, once the trainer has taken it over. */
const { write } = process.stdout;
const timer = setInterval(() => {
  if (process.stdout.write === write) return;
  clearInterval(timer);
  console.log('a library says %d', 1);
  console.error('a library complains');
  process.stdout.write('a library writes\n');
}, 5);
