/** What a DTO class describes, as plain data: the class is there for its documentation, and never instantiated. */
export type OnTheWire<Dto> = Dto extends readonly (infer Item)[]
  ? readonly OnTheWire<Item>[]
  : Dto extends object
    ? { readonly [Key in keyof Dto]: OnTheWire<Dto[Key]> }
    : Dto;
