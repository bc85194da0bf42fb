// Judges FHIR R4 resources with the npm package `fhir`: one resource a line of standard input, one answer a line.
//
//     node validate.js FOLDER        the folder the package was unpacked into
//
// An answer is {"valid":…,"errors":[…],"warnings":[…]}; its messages name elements and codes.

'use strict';

const path = require('path');
const readline = require('readline');

const { Fhir } = require(path.resolve(process.argv[2]));
const fhir = new Fhir();

// The validator throws at some values of another type than it expects; such an event is not valid either.
function validated(resource) {
    try {
        return fhir.validate(resource, { errorOnUnexpected: true });
    } catch (error) {
        return { valid: false, messages: [{ severity: 'fatal', location: '', message: error.message }] };
    }
}

function judge(line) {
    const { valid, messages } = validated(JSON.parse(line));
    const of = (...kinds) => messages
        .filter((message) => kinds.includes(message.severity))
        .map((message) => `${message.location}: ${message.message}`);
    return { valid, errors: of('error', 'fatal'), warnings: of('warning') };
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
    process.stdout.write(`${JSON.stringify(judge(line))}\n`);
});
