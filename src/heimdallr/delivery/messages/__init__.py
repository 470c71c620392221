"""What is said of a case to other systems: a FHIR bundle, an HL7 message; made of its folder."""
