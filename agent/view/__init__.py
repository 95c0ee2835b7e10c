"""What a person looks at: pages, trees and pairs."""
