/** Of the environment in which tests are started: credentials, profiles, regions and proxies that this machine happens to have. */
const OF_THIS_MACHINE = /^(AWS_.*|(https?|all|no)_proxy)$/i

for (const name of Object.keys(process.env)) if (OF_THIS_MACHINE.test(name)) delete process.env[name]
