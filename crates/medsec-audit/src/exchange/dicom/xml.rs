//! XML that is written, never read.

/// A document in the making.
#[derive(Debug)]
pub(super) struct Xml(String);

/// Names and values. Names are this crate's own, values may be anything.
type Attributes<'a> = [(&'a str, &'a str)];

impl Xml {
    pub(super) fn document() -> Self {
        Self(r#"<?xml version="1.0" encoding="UTF-8"?>"#.to_owned())
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }

    /// An element with what `inside` writes in it.
    pub(super) fn element(
        &mut self,
        name: &'static str,
        attributes: &Attributes<'_>,
        inside: impl FnOnce(&mut Self),
    ) {
        self.start(name, attributes);
        self.0.push('>');
        inside(self);
        self.end(name);
    }

    /// An element with nothing in it.
    pub(super) fn empty(&mut self, name: &'static str, attributes: &Attributes<'_>) {
        self.start(name, attributes);
        self.0.push_str("/>");
    }

    /// An element with text in it.
    pub(super) fn text_element(&mut self, name: &'static str, text: &str) {
        self.start(name, &[]);
        self.0.push('>');
        self.escaped(text);
        self.end(name);
    }

    fn start(&mut self, name: &str, attributes: &Attributes<'_>) {
        self.0.push('<');
        self.0.push_str(name);
        for (name, value) in attributes {
            self.0.push(' ');
            self.0.push_str(name);
            self.0.push_str("=\"");
            self.escaped(value);
            self.0.push('"');
        }
    }

    fn end(&mut self, name: &str) {
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
    }

    /// Text as it may stand in an attribute or an element. Line breaks and tabs become references, because a
    /// reader makes blanks of them in attributes; what no XML 1.0 document may have becomes U+FFFD.
    fn escaped(&mut self, text: &str) {
        for char in text.chars() {
            match char {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&apos;"),
                '\t' => self.0.push_str("&#9;"),
                '\n' => self.0.push_str("&#10;"),
                '\r' => self.0.push_str("&#13;"),
                '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => self.0.push('\u{fffd}'),
                other => self.0.push(other),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> String {
        let mut xml = Xml(String::new());
        xml.empty("a", &[("b", text)]);
        xml.text_element("c", text);
        xml.0
    }

    #[test]
    fn markup_in_values_stays_text() {
        let text = "\"/><x y='1'>&amp;]]>";
        let escaped = "&quot;/&gt;&lt;x y=&apos;1&apos;&gt;&amp;amp;]]&gt;";
        assert_eq!(written(text), format!("<a b=\"{escaped}\"/><c>{escaped}</c>"));
    }

    #[test]
    fn control_characters_do_not_stand_in_a_document() {
        assert_eq!(written("a\t\n\r"), "<a b=\"a&#9;&#10;&#13;\"/><c>a&#9;&#10;&#13;</c>");
        assert_eq!(
            written("\0\u{1b}\u{ffff}"),
            "<a b=\"\u{fffd}\u{fffd}\u{fffd}\"/><c>\u{fffd}\u{fffd}\u{fffd}</c>"
        );
    }

    #[test]
    fn elements_nest() {
        let mut xml = Xml::document();
        xml.element("a", &[("b", "1")], |xml| xml.empty("c", &[]));
        assert!(xml.into_text().ends_with("?><a b=\"1\"><c/></a>"));
    }
}
