// What this browser remembers: theme, cards that are closed, the panel, the last tab. A browser that keeps
// nothing (private windows, blocked storage) works all the same.

export type Theme = 'auto' | 'dark' | 'light';
const storageKey = 'vpp-maglev';

interface Stored {
  readonly theme: Theme;
  /** `maglevd/frontend` of cards that are closed. */
  readonly closedCards: readonly string[];
  /** Absent: as the width of the window suggests. */
  readonly isPanelOpen?: boolean;
  readonly lastHash: string;
}

const defaults: Stored = { theme: 'auto', closedCards: [], lastHash: '' };

function load(): Stored {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(storageKey) ?? '{}');
    return { ...defaults, ...(typeof stored === 'object' ? stored : {}) };
  } catch (error) {
    console.debug('settings are not kept', error);
    return defaults;
  }
}

export class Settings {
  #stored: Stored = $state.raw(load());

  constructor() {
    this.#showTheme();
  }

  get theme(): Theme {
    return this.#stored.theme;
  }
  get lastHash(): string {
    return this.#stored.lastHash;
  }
  get isPanelOpen(): boolean {
    return this.#stored.isPanelOpen ?? window.matchMedia('(min-width: 100rem)').matches;
  }

  isCardOpen(key: string): boolean {
    return !this.#stored.closedCards.includes(key);
  }

  toggleCard(key: string): void {
    const closed = this.#stored.closedCards;
    this.#keep({
      closedCards: closed.includes(key) ? closed.filter((each) => each !== key) : [...closed, key],
    });
  }

  togglePanel(): void {
    this.#keep({ isPanelOpen: !this.isPanelOpen });
  }

  rememberHash(lastHash: string): void {
    this.#keep({ lastHash });
  }

  /** auto, dark, light, and again. */
  nextTheme(): void {
    const next = { auto: 'dark', dark: 'light', light: 'auto' } as const;
    this.#keep({ theme: next[this.theme] });
    this.#showTheme();
  }

  #showTheme(): void {
    if (this.theme === 'auto') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = this.theme;
  }

  #keep(part: Partial<Stored>): void {
    this.#stored = { ...this.#stored, ...part };
    try {
      localStorage.setItem(storageKey, JSON.stringify(this.#stored));
    } catch (error) {
      console.debug('settings are not kept', error);
    }
  }
}
