/** The texts of the JSON array that is bound to `$2`. */
export const BOUND_TEXTS = 'select jsonb_array_elements_text($2::text::jsonb)'
