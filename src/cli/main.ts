/** The command line. */
console.log('callgate');
