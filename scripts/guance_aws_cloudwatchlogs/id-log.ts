import { hash } from 'node:crypto'

/**
 * 64 bits of a digest. Among the 200,000 events of a very busy minute two agree once in a billion such minutes, among a million
 * once in forty million.
 */
const WORDS_PER_ID = 2
const BYTES_PER_ID = 8
/** Of base64url. Ids of 66 bits were stored in as many characters; the last two bits of those are not looked at. */
const CHARACTERS_PER_ID = 11

const FIRST_IDS = 16
/** Both are powers of two. Where fewer places are free, a search goes past many that are taken. */
const FIRST_PLACES = 32
const PLACES_PER_ID = 1.5

function wordOf(bytes: string, at: number): number {
  const byte = (index: number): number => bytes.charCodeAt(at + index) << (8 * index)
  return (byte(0) | byte(1) | byte(2) | byte(3)) >>> 0
}

/** Ids in the order of their coming, 8 to 16 bytes each, and 6 to 12 more for finding them; none of it in V8's heap. */
export class IdLog {
  #words = new Uint32Array(FIRST_IDS * WORDS_PER_ID)
  /** Open addressing: the number of an id in the log, counted from 1; 0 is free. */
  #places = new Uint32Array(FIRST_PLACES)
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Takes an event's id down; false when it was there. */
  add(eventId: string): boolean {
    // A character a byte: a buffer of its own takes as long as the digest.
    const digest = hash('sha1', eventId, 'binary')
    return this.#addWords(wordOf(digest, 0), wordOf(digest, 4))
  }

  /** Takes down what `pack` gave. */
  addPacked(text: string): void {
    const bytes = Buffer.alloc(BYTES_PER_ID)
    for (let at = 0; at < text.length; at += CHARACTERS_PER_ID) {
      bytes.write(text.slice(at, at + CHARACTERS_PER_ID), 'base64url')
      this.#addWords(bytes.readUInt32LE(0), bytes.readUInt32LE(4))
    }
  }

  /** Ids from one number up to another as a text, so many characters each. */
  pack(from: number, to: number): string {
    const end = Math.min(to, this.#size)
    const bytes = Buffer.alloc(BYTES_PER_ID)
    let text = ''
    for (let index = from; index < end; index += 1) {
      bytes.writeUInt32LE(this.#words[index * WORDS_PER_ID] ?? 0, 0)
      bytes.writeUInt32LE(this.#words[index * WORDS_PER_ID + 1] ?? 0, 4)
      text += bytes.toString('base64url')
    }
    return text
  }

  #addWords(first: number, second: number): boolean {
    let place = this.#placeOf(first, second)
    if (this.#places[place] !== 0) return false
    if ((this.#size + 1) * PLACES_PER_ID > this.#places.length) {
      this.#addPlaces()
      place = this.#placeOf(first, second)
    }
    if (this.#size * WORDS_PER_ID === this.#words.length) this.#addRoom()
    this.#words[this.#size * WORDS_PER_ID] = first
    this.#words[this.#size * WORDS_PER_ID + 1] = second
    this.#size += 1
    this.#places[place] = this.#size
    return true
  }

  /** Where an id is, or else the free place where it belongs. */
  #placeOf(first: number, second: number): number {
    // A power of two.
    const last = this.#places.length - 1
    let place = first & last
    for (let found = this.#places[place] ?? 0; found !== 0; found = this.#places[place] ?? 0) {
      const at = (found - 1) * WORDS_PER_ID
      if (this.#words[at] === first && this.#words[at + 1] === second) return place
      place = (place + 1) & last
    }
    return place
  }

  #addRoom(): void {
    const words = new Uint32Array(this.#words.length * 2)
    words.set(this.#words)
    this.#words = words
  }

  #addPlaces(): void {
    this.#places = new Uint32Array(this.#places.length * 2)
    for (let index = 0; index < this.#size; index += 1) {
      const at = index * WORDS_PER_ID
      this.#places[this.#placeOf(this.#words[at] ?? 0, this.#words[at + 1] ?? 0)] = index + 1
    }
  }
}
