/** What a header can carry as a credential: ASCII without spaces. A key copied from a text may have come with its quotation marks. */
export const PRINTABLE = /^[\x21-\x7e]+$/;
