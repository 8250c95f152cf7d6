//! `#[derive(NamedValues)]`: the OpenAPI schema of an enumeration of names, in which each name has its own description.
//!
//! utoipa's derive lists the names of such an enumeration and leaves out what the doc comments say of them. Whoever writes
//! a client from `/openapi.json` alone needs to know what a name means, so here each becomes a schema of its own with its
//! doc comment. How a name is written is asked of serde when the schema is made, so that the two cannot differ.

use proc_macro::TokenStream;
use quote::quote;
use syn::{Attribute, Data, DeriveInput, Expr, ExprLit, Fields, Lit, Meta, Path, parse_macro_input};

/// Implements utoipa's `ToSchema` for an enumeration whose variants hold nothing and whose serde form is a text. A variant
/// that takes in what is not known (`#[serde(other)]`) is no name, and is left out.
#[proc_macro_derive(NamedValues)]
pub fn named_values(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}

fn expand(input: &DeriveInput) -> syn::Result<proc_macro2::TokenStream> {
    let Data::Enum(enumeration) = &input.data else {
        return Err(syn::Error::new_spanned(&input.ident, "only an enumeration has named values"));
    };
    if let Some(variant) = enumeration.variants.iter().find(|variant| !matches!(variant.fields, Fields::Unit)) {
        return Err(syn::Error::new_spanned(variant, "a named value holds nothing; derive `utoipa::ToSchema` instead"));
    }
    let name = &input.ident;
    let meaning = doc_comment(&input.attrs);
    let named: Vec<_> = enumeration.variants.iter().filter(|variant| !takes_in_others(&variant.attrs)).collect();
    let variants = named.iter().map(|variant| &variant.ident);
    let meanings = named.iter().map(|variant| doc_comment(&variant.attrs));
    Ok(quote! {
        impl ::utoipa::PartialSchema for #name {
            fn schema() -> ::utoipa::openapi::RefOr<::utoipa::openapi::schema::Schema> {
                let values = ::utoipa::openapi::schema::OneOfBuilder::new().description(Some(#meaning));
                #(
                    let value = ::serde_json::to_value(&Self::#variants).expect("a name is JSON");
                    let values = values.item(
                        ::utoipa::openapi::schema::ObjectBuilder::new()
                            .schema_type(::utoipa::openapi::schema::Type::String)
                            .enum_values(Some([value]))
                            .description(Some(#meanings)),
                    );
                )*
                values.into()
            }
        }

        impl ::utoipa::ToSchema for #name {}
    })
}

/// Whether serde reads every name that is not known as this one.
fn takes_in_others(attributes: &[Attribute]) -> bool {
    let is_other = |attribute: &Attribute| {
        attribute.path().is_ident("serde") && attribute.parse_args::<Path>().is_ok_and(|path| path.is_ident("other"))
    };
    attributes.iter().any(is_other)
}

/// The lines of a doc comment, joined.
fn doc_comment(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value().trim().to_owned()),
            _ => None,
        },
        _ => None,
    });
    lines.collect::<Vec<_>>().join("\n")
}
